import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Result } from '../shared/protocol/methods.ts'
import { Operators } from './access/operators.ts'
import { Users } from './access/users.ts'
import { formatEndpoint } from './addresses.ts'
import { type Configuration, listSettings } from './configuration.ts'
import { startControlServer } from './control/server.ts'
import type { DataPlane } from './data-plane.ts'
import { presentAddresses } from './listening.ts'
import { ObservedConnections } from './observe/connections.ts'
import { RecordedMetrics } from './observe/metrics.ts'
import { UserTraffic } from './observe/user-traffic.ts'

export type Listening = Result<'status.get'>['listening']

export interface ManagementOptions {
  readonly configuration: Configuration
  readonly dataPlane: DataPlane
  readonly version: string
  readonly isDraining: () => boolean
  readonly log: Logger
}

/**
 * Watches the data plane and serves management. Resolves to every socket of the daemon. What is to be closed in the end
 * goes into `parts`, in order.
 */
export async function startManagement(options: ManagementOptions, parts: AsyncDisposableStack): Promise<Listening> {
  const { configuration, dataPlane, version, isDraining, log } = options
  const { engine, accounts } = dataPlane
  const traffic = new UserTraffic(engine.tables)
  const metrics = new RecordedMetrics(engine.tables, traffic, accounts)
  parts.defer(() => metrics.stop())
  const users = new Users({ ...dataPlane, store: dataPlane.store.users, dataPlane: engine, traffic })
  const listening: Listening = engine.listening.map((at) => ({ service: 'socks', address: formatEndpoint(at) }))
  const identity = { version, instance: randomUUID(), pid: process.pid, started: Date.now() }

  const control = await startControlServer({
    listen: await controlEndpoints(configuration, (message) => log.warn(message)),
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
      connections: new ObservedConnections(engine, (index) => accounts.nameOf(index)),
      metrics,
      operators: await Operators.load(dataPlane.store.operators),
      settings: listSettings(configuration),
      status: () => ({
        ...identity,
        engine: engine.kind,
        workers: engine.tables.length,
        draining: isDraining(),
        passwordRequired: users.passwordRequired,
        users: accounts.size,
        listening,
        sample: metrics.now(),
      }),
    },
    log,
  })
  parts.defer(() => control.close())
  for (const at of control.listening) listening.push({ service: 'control', address: formatEndpoint(at) })
  for (const at of control.listeningTls) listening.push({ service: 'control', address: `tls:${formatEndpoint(at)}` })
  listening.push({ service: 'control', address: `unix:${control.unixPath}` })
  return listening
}

async function controlEndpoints({ values, sources }: Configuration, warn: (message: string) => void) {
  const asked = values['control-addr']
  const addresses = sources['control-addr'] === 'default' ? await presentAddresses('control', asked, warn) : asked
  return addresses.map((address) => ({ address, port: values['control-port'] }))
}

function tlsOptions(values: Configuration['values']) {
  return {
    listen: values['control-tls-addr'].map((address) => ({ address, port: values['control-tls-port'] })),
    cert: values['control-tls-cert'],
    key: values['control-tls-key'],
    clientCa: values['control-tls-client-ca'],
  }
}
