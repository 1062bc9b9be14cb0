import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type ConnectionOptions as TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { ControlOptions } from '../../daemon/control/server.ts'
import { type Identity, makeCertificate } from '../helpers/certificate.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { RawClient, started } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'

export interface TlsControl extends Control {
  readonly tlsPort: number
  /** What clients trust. */
  readonly ca: string
  /** Where certificate and key lie. */
  readonly files: { readonly cert: string; readonly key: string }
}

/** A management server with a TLS socket on 127.0.0.1, with a certificate that signs itself. */
export async function startTlsControl(options: Partial<ControlOptions> = {}, clientCa = ''): Promise<TlsControl> {
  const identity = makeCertificate('127.0.0.1')
  const files = await writeIdentity(identity)
  const tls = { listen: [{ address: '127.0.0.1', port: 0 }], ...files, clientCa }
  const control = await startControl({ tls, ...options })
  return { ...control, tlsPort: control.server.listeningTls[0]?.port ?? 0, ca: identity.cert, files }
}

/** Puts a certificate and its key into files, in a new folder unless others are named. */
export async function writeIdentity(identity: Identity, files?: TlsControl['files']): Promise<TlsControl['files']> {
  const folder = await temporaryFolder()
  const paths = files ?? { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  writeFileSync(paths.cert, identity.cert)
  writeFileSync(paths.key, identity.key)
  chmodSync(paths.key, 0o600)
  return paths
}

interface ConnectionOptions extends TlsOptions {
  /** Where to come from, on this machine. */
  readonly localAddress?: string
}

/** Where a TLS socket is, and what its clients trust. */
type Way = Pick<TlsControl, 'tlsPort' | 'ca'>

/** Connect through TLS; rejects if the handshake fails. */
export async function connectedByTls({ tlsPort, ca }: Way, options: ConnectionOptions = {}): Promise<RawClient> {
  const to = { host: '127.0.0.1', port: tlsPort, ca, allowHalfOpen: true, ...options }
  const socket = connect(to)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return new RawClient(socket)
}

/** Connect through TLS, as far as `session.start`. */
export async function strangerByTls(way: Way, options?: ConnectionOptions): Promise<RawClient> {
  const client = await connectedByTls(way, options)
  await client.next()
  await started(client)
  return client
}
