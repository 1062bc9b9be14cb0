import { randomUUID } from 'node:crypto'
import { type Administered, administer, type ManagementOptions, transferring } from './administration.ts'
import { AuditTrail } from './audit/audit-trail.ts'
import type { Backend } from './control/backend.ts'
import { type ControlServer, startControlServer } from './control/server.ts'
import type { DataPlane } from './data-plane.ts'
import { Events } from './events/events.ts'
import { type Fleet, joinFleet } from './in-fleet.ts'
import { UsageReports } from './limits/usage-reports.ts'
import { endpointsAskedFor } from './listening.ts'
import { upgradeOf } from './making-way.ts'
import { Heard, monitored, openSockets, userSeriesFor } from './monitoring.ts'
import { type Endpoint, formatEndpoint } from './net/endpoint.ts'
import {
  historyOf,
  keptLimits,
  type Listening,
  type Observed,
  observe,
  observedConnections,
  statusReport,
  watchAccess,
  watchRefusals,
} from './observation.ts'
import { ObservedUsers } from './observe/users.ts'
import type { Told } from './prometheus/server.ts'
import { type Reload, reloading } from './reloading.ts'
import type { Configuration } from './settings/configuration.ts'
import { forwardsOf, forwardTarget } from './settings/forwards.ts'
import type { NamedSocket } from './sockets/handed-sockets.ts'
import { alsoBefore, joinedConnections, takeOver } from './taking-over.ts'
import type { Upgrade } from './upgrade/upgrade.ts'
import type { Watches } from './watches/watches.ts'
import type { Webhook } from './watches/webhook.ts'
import { startWatches } from './watching.ts'

/** Operators' way in. */
export interface Management {
  /** Every socket of the daemon. */
  readonly listening: Listening
  readonly socksPlaces: readonly string[]
  /** As long as it listens on them, and what outlasts that. */
  readonly sockets: () => readonly NamedSocket[]
  readonly reload: Reload
  /** Removes the files by which clients find the daemon, for an end that cannot wait. */
  vanish(): void
  /** Ends all ways in, of monitoring too, and no more than that. */
  retire(): Promise<void>
  /** Has a successor take over. */
  readonly upgrade: Upgrade
}

interface Managed extends Management {
  /** What monitoring is told once the daemon serves; undefined where nobody asks. */
  readonly told: Told | undefined
}

/**
 * Watches the data plane and serves management. What is to be closed in the end goes into `parts`, in order.
 */
export async function startManagement(options: ManagementOptions, parts: AsyncDisposableStack): Promise<Managed> {
  const { configuration, dataPlane, log, monitoring, predecessor } = options
  const observed = observe(options, parts)
  const users = userSeriesFor(monitoring, options, observed)
  const administered = await administer(options, observed.traffic, users, parts)
  const { config, rules } = administered
  const records = await keepRecords(options, observed, administered, parts)
  const { fleet } = records
  const own = observedConnections(dataPlane, config, observed.wall)
  watchAccess(dataPlane, own)
  const connections = joinedConnections(own, predecessor)
  const listening = [...socksSockets(dataPlane), ...forwardSockets(dataPlane, configuration)]
  const itself = {
    ...{ instance: randomUUID(), listening, openMetrics: openSockets(monitoring), webhook: records.webhook },
    fleet: () => fleet?.health(),
  }
  /** What the first operators may ask for before all is there that it takes. */
  const later = Promise.withResolvers<Pick<Management, 'reload' | 'upgrade'>>()
  const control = await startControlServer({
    ...(await waysIn(configuration, (message) => log.logger.warn(message))),
    instance: itself.instance,
    predecessor,
    handed: options.handed,
    backend: {
      ...backendOf(options, observed, administered, records),
      connections,
      fleet: fleet?.administration,
      lifecycle: {
        upgrade: async (asker) => (await later.promise).upgrade.begin(asker),
        reload: async (asker) => (await later.promise).reload(asker),
        drain: () => options.ending.drain(),
        async undrain() {
          // A drain ends an upgrade that is under way, whose process has the listening sockets until it is gone.
          if (options.ending.isDraining) await (await later.promise).upgrade.settled
          await options.ending.undrain()
        },
        shutdown: () => options.ending.shutdown(),
      },
      status: statusReport(options, observed, administered, itself),
    },
    log: log.logger,
    audited: log.audited,
  })
  parts.defer(() => control.close())
  const endpoints = await keepClientsAway(control, options)
  listening.push(...controlSockets(control), ...metricsSockets(options))
  fleet?.begin(control, listening)
  const heard = monitoring && new Heard(options, parts)
  const told = heard && monitored(options, observed, { control, heard, users, fleet })
  const { configFile, manager } = options
  const reload = alsoBefore(
    reloading({ control, config, rules, dataPlane, configFile, manager, log: log.logger, heard }),
    predecessor,
  )
  const lasting = options.handed?.lasting ?? []
  const sockets = () => [...dataPlane.engine.sockets, ...control.sockets, ...(monitoring?.sockets ?? []), ...lasting]
  const parties = {
    ...options,
    ...administered,
    connections,
    control,
    reload,
    endpoints,
    sockets,
    fleet,
    log: log.logger,
  }
  if (predecessor) takeOver(predecessor, parties, parts)
  const upgrade = upgradeOf(parties)
  later.resolve({ reload, upgrade })
  return {
    listening,
    socksPlaces: dataPlane.engine.listening.map(formatEndpoint),
    sockets,
    reload,
    vanish: control.vanish,
    async retire() {
      await Promise.all([
        control.close('management is off until proxyd starts anew; proxying goes on'),
        monitoring?.close(),
      ])
    },
    upgrade,
    told,
  }
}

/** What is written down of what happens. */
interface Records {
  readonly audit: AuditTrail
  readonly events: Events
  readonly watches: Watches
  readonly webhook: Webhook | undefined
  /** Undefined: this daemon is in none. */
  readonly fleet: Fleet | undefined
}

async function keepRecords(
  options: ManagementOptions,
  observed: Observed,
  administered: Administered,
  parts: AsyncDisposableStack,
): Promise<Records> {
  const { dataPlane, log, store } = options
  parts.defer(watchRefusals(dataPlane, administered.config, (line) => log.logger.info(line)))
  const audit = new AuditTrail({
    store: store.audit,
    node: store.fleet?.node,
    warn: (message) => log.logger.warn(message),
  })
  parts.defer(() => audit.close())
  const { watches, webhook } = await startWatches(options, observed.traffic, parts)
  const { accessLog, bans } = dataPlane
  const fleet = joinFleet(options, observed, administered, watches, parts)
  const events = new Events({ accessLog, audit, bans, log: log.recorded, watches, fleet: fleet?.follower })
  parts.defer(() => events.close())
  return { audit, events, watches, webhook, fleet }
}

/** What operators may ask for, but for connections, which another process may have, too, and the daemon itself. */
function backendOf(
  options: ManagementOptions,
  { traffic, metrics }: Observed,
  administered: Administered,
  { audit, events, watches }: Records,
): Omit<Backend, 'connections' | 'fleet' | 'lifecycle' | 'status'> {
  const { dataPlane, store, log } = options
  const { users, limits, operators, config, rules, absent } = administered
  const { accounts, bans, accessLog } = dataPlane
  return {
    ...{ users, limits, operators, config, rules, bans, accessLog, audit, events, watches, metrics },
    userTable: new ObservedUsers(accounts, keptLimits(dataPlane), traffic),
    bring: absent && ((names) => absent.bringAll(names)),
    history: historyOf(options, metrics),
    usage: new UsageReports(store.usage, accounts),
    transfer: transferring(options, administered),
    log: log.recorded,
  }
}

/**
 * Management is for this machine, or asks for TLS and a name: a client elsewhere shall not get there by the proxy. Resolves to
 * all endpoints of the daemon.
 */
async function keepClientsAway(
  { listening, listeningTls }: ControlServer,
  { dataPlane, monitoring, predecessor }: ManagementOptions,
): Promise<readonly Endpoint[]> {
  const forbidden = [...listening, ...listeningTls, ...(monitoring?.listening ?? [])]
  await dataPlane.orders.forbid(forbidden)
  const endpoints = [...dataPlane.engine.listening, ...dataPlane.engine.forwarding, ...forbidden]
  await predecessor?.listens(endpoints)
  return endpoints
}

/** Where and how operators may come in. */
async function waysIn(configuration: Configuration, warn: (message: string) => void) {
  const { values } = configuration
  return {
    listen: await endpointsAskedFor('control', configuration, warn),
    tls: {
      listen: values['control-tls-addr'].map((address) => ({ address, port: values['control-tls-port'] })),
      cert: values['control-tls-cert'],
      key: values['control-tls-key'],
      clientCa: values['control-tls-client-ca'],
    },
    runtimeDirectory: values['runtime-dir'],
    socket: {
      mode: values['control-socket-mode'],
      group: values['control-socket-group'],
      role: values['control-socket-role'],
    },
  }
}

function socksSockets({ engine }: DataPlane): Listening {
  return engine.listening.map((at) => ({ service: 'socks', address: formatEndpoint(at) }))
}

function forwardSockets({ engine }: DataPlane, { values }: Configuration): Listening {
  const destinations = forwardsOf(values).map(forwardTarget)
  return engine.forwarding.map((at, i) => ({
    service: 'forward',
    address: formatEndpoint(at),
    destination: destinations[i],
  }))
}

function controlSockets({ listening, listeningTls, unixPath }: ControlServer): Listening {
  const addresses = [
    ...listening.map(formatEndpoint),
    ...listeningTls.map((at) => `tls:${formatEndpoint(at)}`),
    `unix:${unixPath}`,
  ]
  return addresses.map((address) => ({ service: 'control', address }))
}

function metricsSockets({ monitoring }: ManagementOptions): Listening {
  return (monitoring?.listening ?? []).map((at) => ({ service: 'metrics', address: formatEndpoint(at) }))
}
