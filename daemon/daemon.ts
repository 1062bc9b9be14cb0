import { asManagement } from './contained.ts'
import { ControlListenError } from './control/start-error.ts'
import { startDataPlane } from './data-plane.ts'
import { Ending } from './ending.ts'
import { Failure } from './failure.ts'
import { foreseen } from './foreseen.ts'
import { clashesOf, listenFailure, undrainFailure, wantedSockets } from './listening.ts'
import type { DaemonLog } from './log.ts'
import { type Management, startManagement } from './management.ts'
import { openMonitoring } from './monitoring.ts'
import { openNamedStore } from './named-store.ts'
import type { Endpoint } from './net/endpoint.ts'
import { countLive } from './observe/metrics.ts'
import { Refusal } from './refusal.ts'
import { takeSockets } from './service/handed-over.ts'
import type { ServiceManager } from './service/service-manager.ts'
import { type Configuration, combine } from './settings/configuration.ts'
import { forwardsOf } from './settings/forwards.ts'
import { patienceOf } from './settings/setting-effects.ts'
import { acceptStored } from './settings/stored-settings.ts'
import { settleOnce } from './settling.ts'
import type { HandedSockets } from './sockets/handed-sockets.ts'
import { ListenError } from './sockets/listeners.ts'
import { UsageSpool } from './store/usage-spool.ts'
import type { ThreadShares } from './threads.ts'
import type { Predecessor } from './upgrade/predecessor.ts'

/** All of proxyd at work. */
export interface Daemon extends Management {
  /** When it is to be closed; a drain begins with this too. */
  readonly ending: Ending
  /** Resolves when the main thread and all loops have had a turn. */
  answers(): Promise<unknown>
  /** Ends every connection and gives everything back. */
  close(): Promise<void>
}

/** How the process came to be. */
export interface Origin {
  /** The daemon that makes way for this one. */
  readonly predecessor: Predecessor | undefined
  /** That `--config` names. */
  readonly configFile: string | undefined
  readonly manager: ServiceManager
  /** As the process was started with. */
  readonly environment: NodeJS.ProcessEnv
}

/** Starts every part of proxyd. Throws a `Failure` if one cannot, and then nothing stays behind. */
export async function startDaemon(
  configuration: Configuration,
  version: string,
  log: DaemonLog,
  threads: ThreadShares,
  origin: Origin,
): Promise<Daemon> {
  const { logger } = log
  const { predecessor } = origin
  const warn = (message: string) => logger.warn(message)
  await using parts = new AsyncDisposableStack()
  const [clash] = clashesOf(wantedSockets(configuration.values))
  if (clash !== undefined) throw new Failure(2, clash)
  try {
    const handed = predecessor?.handed ?? (await fromManager(configuration.values, origin.manager))
    const monitoring = await openMonitoring(configuration.values, parts, log, handed)
    await predecessor?.borrow()
    const store = await openNamedStore(configuration.values)
    parts.defer(() => store.close())
    const { fleet } = store
    const spool = fleet && (await UsageSpool.of(configuration.values['state-dir'], fleet.node, store))
    // A predecessor stores by itself what it has left there.
    if (spool && !predecessor && (await spool.give(store.usage, warn)))
      logger.info('what users had moved before the end of the last process, while the store was away, is stored now')
    const lastChange = await fleet?.lastChange()
    const stored = await store.settings.load()
    const current = combine({ ...configuration.said, stored: acceptStored(stored.values, warn) })
    log.setLevel(current.values['log-level'])

    const dataPlane = await startDataPlane(current, store, {
      ...{ threads, parts, log: logger, spool },
      own: monitoring?.listening ?? [],
      handed,
    })
    const { kind, tables } = dataPlane.engine
    const ending = new Ending({
      async refuseClients() {
        await dataPlane.engine.drain()
        // What the process before still serves is told of, and revoked, by way of this one.
        await predecessor?.channel.closed
      },
      async admitClients() {
        // As long as systemd keeps the sockets of before, their ports are taken.
        await origin.manager.told()
        await dataPlane.engine.undrain().catch((error: unknown) => {
          throw error instanceof ListenError ? new Refusal('unavailable', undrainFailure(error)) : error
        })
      },
      countLive: () => countLive(tables),
      patience: patienceOf(current.values),
      tell: (message) => logger.info(message),
    })
    const { told, ...management } = await asManagement(() =>
      startManagement(
        {
          ...{ configuration: current, stored, store, lastChange, dataPlane, version, ending, log, monitoring, handed },
          ...origin,
        },
        parts,
      ),
    )
    // Nobody is served by a daemon that may still fail.
    await dataPlane.engine.accept()
    if (told) await monitoring?.tell(told)
    await predecessor?.serves(version)
    parts.defer(
      settleOnce({
        countLive: () => countLive(tables),
        shrink: [() => dataPlane.engine.order('shrink', undefined), () => store.shrink()],
      }),
    )
    const started = parts.move()
    logger.info(
      `proxyd ${version} serves: ${kind} engine, threads: ${tables.length}, users: ${dataPlane.accounts.size}`,
    )
    const balancers = current.values['proxy-protocol-from']
    if (balancers.length > 0)
      logger.info(`SOCKS is only for connections from ${balancers.join(', ')} that begin with a PROXY protocol header`)
    return {
      ...management,
      ending,
      answers: () => dataPlane.engine.order('apply', {}),
      close: () => started.disposeAsync(),
    }
  } catch (error) {
    throw asFailure(error, configuration.values)
  }
}

/** The sockets that systemd has for this process. Rejects with a Failure for those that the settings do not want. */
async function fromManager(
  values: Configuration['values'],
  manager: ServiceManager,
): Promise<HandedSockets | undefined> {
  const { handed, stale } = await takeSockets(manager.sockets, wantedSockets(values))
  if (stale.size > 0) await manager.forget(stale)
  return handed
}

/** In words for people, if it is one of those that the parts of the daemon foresee. */
function asFailure(error: unknown, values: Configuration['values']): unknown {
  if (error instanceof ListenError) {
    return listenFailure(isOfForward(error.endpoint, values) ? 'forward' : 'socks', error.endpoint, error.code)
  }
  if (error instanceof ControlListenError) return listenFailure(error.service, error.endpoint, error.code)
  return foreseen(error) ?? error
}

/** Whether the settings ask for this socket as one of a forward. */
function isOfForward({ address, port }: Endpoint, values: Configuration['values']): boolean {
  return forwardsOf(values).some(({ listen }) => listen.address === address && listen.port === port)
}
