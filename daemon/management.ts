import { randomUUID } from 'node:crypto'
import { administer, type ManagementOptions, transferring } from './administration.ts'
import { AuditTrail } from './audit/audit-trail.ts'
import { type ControlServer, startControlServer } from './control/server.ts'
import type { DataPlane } from './data-plane.ts'
import { Events } from './events/events.ts'
import { UsageReports } from './limits/usage-reports.ts'
import { endpointsAskedFor } from './listening.ts'
import { upgradeOf } from './making-way.ts'
import { Heard, monitored, openSockets, userSeriesFor } from './monitoring.ts'
import { formatEndpoint } from './net/endpoint.ts'
import {
  historyOf,
  keptLimits,
  type Listening,
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
  const { configuration, dataPlane, ending, log, monitoring } = options
  const observed = observe(options, parts)
  const users = userSeriesFor(monitoring, options, observed)
  const administered = await administer(options, observed.traffic, users, parts)
  parts.defer(watchRefusals(dataPlane, administered.config, (line) => log.logger.info(line)))
  const audit = new AuditTrail({ store: options.store.audit, warn: (message) => log.logger.warn(message) })
  parts.defer(() => audit.close())
  const { bans, accessLog } = dataPlane
  const { watches, webhook } = await startWatches(options, observed.traffic, parts)
  const events = new Events({ accessLog, audit, bans, log: log.recorded, watches })
  parts.defer(() => events.close())
  const instance = randomUUID()
  const listening = [...socksSockets(dataPlane), ...forwardSockets(dataPlane, configuration)]
  const openMetrics = openSockets(monitoring)
  const own = observedConnections(dataPlane, administered.config, observed.wall)
  watchAccess(dataPlane, own)
  const connections = joinedConnections(own, options.predecessor)
  const control = await startControlServer({
    ...(await waysIn(configuration, (message) => log.logger.warn(message))),
    instance,
    predecessor: options.predecessor,
    handed: options.handed,
    backend: {
      users: administered.users,
      limits: administered.limits,
      userTable: new ObservedUsers(dataPlane.accounts, keptLimits(dataPlane), observed.traffic),
      connections,
      metrics: observed.metrics,
      history: historyOf(options, observed.metrics),
      usage: new UsageReports(options.store.usage, dataPlane.accounts),
      bans,
      accessLog,
      operators: administered.operators,
      audit,
      events,
      watches,
      config: administered.config,
      rules: administered.rules,
      transfer: transferring(options, administered),
      log: log.recorded,
      lifecycle: {
        upgrade: (asker) => upgrade.begin(asker),
        reload: (asker) => reload(asker),
        drain: () => ending.drain(),
        undrain: () => ending.undrain(),
        shutdown: () => ending.shutdown(),
      },
      status: statusReport(options, observed, administered, { instance, listening, openMetrics, webhook }),
    },
    log: log.logger,
  })
  parts.defer(() => control.close())
  // Management is for this machine, or asks for TLS and a name: a client elsewhere shall not get there by the proxy.
  const metricsSockets = monitoring?.listening ?? []
  const forbidden = [...control.listening, ...control.listeningTls, ...metricsSockets]
  await dataPlane.orders.forbid(forbidden)
  const endpoints = [...dataPlane.engine.listening, ...dataPlane.engine.forwarding, ...forbidden]
  await options.predecessor?.listens(endpoints)
  listening.push(...controlSockets(control))
  listening.push(...metricsSockets.map((at) => ({ service: 'metrics' as const, address: formatEndpoint(at) })))
  const heard = monitoring && new Heard(options, parts)
  const told = heard && monitored(options, observed, { config: administered.config, control, heard, users })
  const { config, rules } = administered
  const { configFile, predecessor } = options
  const reload = alsoBefore(
    reloading({ control, config, rules, dataPlane, configFile, manager: options.manager, log: log.logger, heard }),
    predecessor,
  )
  const lasting = options.handed?.lasting ?? []
  const sockets = () => [...dataPlane.engine.sockets, ...control.sockets, ...(monitoring?.sockets ?? []), ...lasting]
  const parties = { ...options, ...administered, connections, control, reload, endpoints, sockets, log: log.logger }
  if (predecessor) takeOver(predecessor, parties, parts)
  const upgrade = upgradeOf(parties)
  const retire = async () => {
    await Promise.all([
      control.close('management is off until proxyd starts anew; proxying goes on'),
      monitoring?.close(),
    ])
  }
  return {
    listening,
    socksPlaces: dataPlane.engine.listening.map(formatEndpoint),
    sockets,
    reload,
    vanish: control.vanish,
    retire,
    upgrade,
    told,
  }
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
