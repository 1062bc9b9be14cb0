import type { BanReason, Health } from '../shared/protocol/methods.ts'
import { banReasons } from '../shared/protocol/vocabulary.ts'
import type { Settings } from '../shared/settings.ts'
import type { ManagementOptions } from './administration.ts'
import type { ControlServer } from './control/server.ts'
import { Histogram, waits } from './engine/durations.ts'
import type { DaemonLog } from './log.ts'
import { isLoopbackLiteral } from './net/address.ts'
import { formatEndpoint } from './net/endpoint.ts'
import type { Observed } from './observation.ts'
import { Descriptors, memoryReader } from './observe/health.ts'
import { MetricsServer, type Told } from './prometheus/server.ts'
import { snapshots } from './prometheus/snapshot.ts'
import { UserSeries } from './prometheus/user-series.ts'
import { metricsEndpoints } from './settings/metrics-endpoints.ts'
import type { HandedSockets } from './sockets/handed-sockets.ts'

/**
 * Opens the sockets that the settings ask for; undefined if that is none. It says that the daemon starts, until it is told more. It is
 * to be closed in the end, which goes into `parts`.
 */
export async function openMonitoring(
  values: Readonly<Settings>,
  parts: AsyncDisposableStack,
  { logger }: DaemonLog,
  handed: HandedSockets | undefined,
): Promise<MetricsServer | undefined> {
  const endpoints = metricsEndpoints(values)
  if (endpoints.length === 0) return undefined
  const tellError = (error: unknown) => logger.error(error, 'metrics could not be told')
  const server = await MetricsServer.listen(endpoints, tellError, handed)
  parts.defer(() => server.close())
  for (const address of openSockets(server))
    logger.warn(`whoever reaches ${address} can read the metrics, without a login`)
  return server
}

/** Its sockets that other machines may reach. */
export function openSockets(server: MetricsServer | undefined): string[] {
  const open = server?.listening.filter(({ address }) => !isLoopbackLiteral(address)) ?? []
  return open.map(formatEndpoint)
}

/** What the daemon tells of the users by name, to be made before any of them comes or goes; undefined if it is nothing. */
export function userSeriesFor(
  server: MetricsServer | undefined,
  { configuration: { values }, dataPlane: { accounts } }: Pick<ManagementOptions, 'configuration' | 'dataPlane'>,
  { traffic }: Observed,
): UserSeries | undefined {
  const which = values['metrics-users']
  if (server === undefined || which === 'off') return undefined
  return new UserSeries(traffic, accounts, which === 'listed' ? values['metrics-user'] : undefined)
}

/** What is counted for metrics alone, from now on. */
export class Heard {
  readonly bans = new Map<BanReason, number>(banReasons.map((reason) => [reason, 0]))
  readonly reloads = { ok: 0, failed: 0 }
  readonly storeWrites = new Histogram(waits, new Float64Array(Histogram.cells(waits)))
  storeErrors = 0

  constructor({ store, dataPlane }: Pick<ManagementOptions, 'store' | 'dataPlane'>, parts: AsyncDisposableStack) {
    const count = (reason: BanReason) => this.bans.set(reason, (this.bans.get(reason) ?? 0) + 1)
    parts.defer(dataPlane.bans.watch(({ reason }, isBanned) => isBanned && count(reason)))
    const stored = (took: number, error?: unknown) => {
      this.storeWrites.note(took)
      if (error !== undefined) this.storeErrors++
    }
    parts.defer(store.watch(stored))
  }
}

/** What there is to tell of the daemon. */
export function monitored(
  { dataPlane, version, ending, predecessor }: ManagementOptions,
  { metrics, wall }: Observed,
  parts: {
    readonly control: ControlServer
    readonly heard: Heard
    readonly users: UserSeries | undefined
    readonly fleet: { health(): Health['fleet'] } | undefined
  },
): Told {
  const { engine, limitLines, passwords, logins, names, bans, accessLog, maxConnections } = dataPlane
  const descriptors = new Descriptors()
  const memory = memoryReader()
  return {
    takeSnapshot: snapshots({
      ...parts,
      ...{ engine, limitLines, passwords, logins, names, bans, accessLog, metrics, version },
      started: wall.tellNow(0),
      before: () => predecessor?.live ?? 0,
      maxConnections,
      process: () => ({ descriptors: descriptors.health, memory: memory() }),
    }),
    whyNotReady: () => (ending.isDraining ? 'draining' : undefined),
  }
}
