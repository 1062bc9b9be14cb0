import { randomUUID } from 'node:crypto'
import type { Result } from '../shared/protocol/methods.ts'
import { LateChanges } from './access/late-changes.ts'
import { Operators } from './access/operators.ts'
import { Users } from './access/users.ts'
import { startControlServer } from './control/server.ts'
import type { DataPlane } from './data-plane.ts'
import type { Ending } from './ending.ts'
import { endpointsOf } from './listening.ts'
import type { DaemonLog } from './log.ts'
import { formatEndpoint } from './net/endpoint.ts'
import { ObservedConnections } from './observe/connections.ts'
import { healthReport, StoreChanges } from './observe/health.ts'
import { RecordedMetrics } from './observe/metrics.ts'
import { UserTraffic } from './observe/user-traffic.ts'
import { ObservedUsers } from './observe/users.ts'
import { WallClock } from './observe/wall-clock.ts'
import type { Configuration } from './settings/configuration.ts'
import { destinationOf, forwardsOf } from './settings/forwards.ts'
import { LiveSettings } from './settings/live-settings.ts'
import { settingEffects } from './settings/setting-effects.ts'
import type { Store, StoredSettings } from './store/store.ts'

export type Listening = Result<'status.get'>['listening']

/** Operators' way in. */
export interface Management {
  /** Every socket of the daemon. */
  readonly listening: Listening
  /** Reads the files of TLS again, and makes anew what is missing in the runtime folder. */
  reload(): Promise<void>
}

export interface ManagementOptions {
  readonly configuration: Configuration
  readonly stored: StoredSettings
  readonly store: Store
  readonly dataPlane: DataPlane
  readonly version: string
  readonly ending: Ending
  readonly log: DaemonLog
}

/**
 * Watches the data plane and serves management. What is to be closed in the end goes into `parts`, in order.
 */
export async function startManagement(options: ManagementOptions, parts: AsyncDisposableStack): Promise<Management> {
  const { configuration, stored, store, dataPlane, version, ending, log } = options
  const { logger } = log
  const { engine, accounts, passwords, policy } = dataPlane
  const changes = new StoreChanges()
  parts.defer(store.watch(changes.heard))
  const traffic = new UserTraffic(engine.tables)
  const metrics = new RecordedMetrics(engine.tables, traffic, accounts)
  parts.defer(() => metrics.stop())
  const late = new LateChanges((message) => logger.warn(message))
  parts.defer(() => late.close())
  const users = new Users({ accounts, passwords, policy, store: store.users, late, loops: dataPlane, traffic })
  const config = new LiveSettings({
    configuration,
    stored,
    store: store.settings,
    effects: settingEffects({ dataPlane, users, ending, log }),
    tell: (message) => logger.info(message),
  })
  const maxConnections = () => config.values['max-connections']
  const health = healthReport({ engine, maxConnections, metrics, store: changes, names: dataPlane.names })
  const listening: Listening = [
    ...engine.listening.map((at) => ({ service: 'socks' as const, address: formatEndpoint(at) })),
    ...forwarding(dataPlane, configuration),
  ]
  const wall = new WallClock()
  const begun = performance.now()
  const identity = { version, instance: randomUUID(), pid: process.pid }

  const control = await startControlServer({
    listen: await endpointsOf('control', configuration, (message) => logger.warn(message)),
    tls: tlsOptions(configuration.values),
    runtimeDirectory: configuration.values['runtime-dir'],
    socket: {
      mode: configuration.values['control-socket-mode'],
      group: configuration.values['control-socket-group'],
      role: configuration.values['control-socket-role'],
    },
    instance: identity.instance,
    backend: {
      users,
      userTable: new ObservedUsers(accounts, traffic),
      connections: new ObservedConnections(
        engine,
        (index) => accounts.lastNameOf(index),
        () => config.values,
        wall,
      ),
      metrics,
      operators: await Operators.load(store.operators, late),
      config,
      log: log.recorded,
      lifecycle: ending,
      status: () => ({
        ...identity,
        started: wall.tellNow(begun),
        engine: engine.kind,
        workers: engine.tables.length,
        draining: ending.isDraining,
        passwordRequired: users.passwordRequired,
        lastUserOpens: users.lastUserOpens,
        users: accounts.size,
        listening,
        health: health(),
        sample: metrics.now(),
      }),
    },
    log: logger,
  })
  parts.defer(() => control.close())
  // Management is for this machine, or asks for TLS and a name: a client elsewhere shall not get there by the proxy.
  await dataPlane.forbid([...control.listening, ...control.listeningTls])
  for (const at of control.listening) listening.push({ service: 'control', address: formatEndpoint(at) })
  for (const at of control.listeningTls) listening.push({ service: 'control', address: `tls:${formatEndpoint(at)}` })
  listening.push({ service: 'control', address: `unix:${control.unixPath}` })
  return { listening, reload: control.reload }
}

function forwarding({ engine }: DataPlane, { values }: Configuration): Listening {
  const destinations = forwardsOf(values).map(destinationOf)
  return engine.forwarding.map((at, i) => ({
    service: 'forward',
    address: formatEndpoint(at),
    destination: destinations[i],
  }))
}

function tlsOptions(values: Configuration['values']) {
  return {
    listen: values['control-tls-addr'].map((address) => ({ address, port: values['control-tls-port'] })),
    cert: values['control-tls-cert'],
    key: values['control-tls-key'],
    clientCa: values['control-tls-client-ca'],
  }
}
