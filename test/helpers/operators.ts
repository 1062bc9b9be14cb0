import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCertificate } from './certificate.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { exec } from './proxy-tui.ts'
import { type AtEnd, temporaryFolder } from './temporary-folder.ts'

export interface TlsDaemon {
  readonly daemon: Daemon
  readonly tlsPort: number
  /** The file of its certificate. */
  readonly ca: string
}

/** A daemon that serves management with TLS too, by a certificate that it signed itself for 127.0.0.1. */
export async function startTlsDaemon(args: readonly string[] = [], atEnd?: AtEnd): Promise<TlsDaemon> {
  const folder = await temporaryFolder(atEnd)
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const identity = makeCertificate('127.0.0.1')
  await writeFile(cert, identity.cert)
  await writeFile(key, identity.key, { mode: 0o600 })
  const tls = ['--control-tls-addr', '127.0.0.1', '--control-tls-port', '0']
  const all = [...tls, '--control-tls-cert', cert, '--control-tls-key', key, ...args]
  const daemon = await startDaemon(all, { atEnd })
  const listening = daemon.listening('control').find((at) => at.startsWith('tls:'))
  return { daemon, tlsPort: Number(/:(\d+)$/.exec(listening ?? '')?.[1]), ca: cert }
}

/** Add an operator; resolves to a file with the password that was made for them. */
export async function addOperator(
  daemon: Daemon,
  name: string,
  role: 'viewer' | 'operator' | 'admin',
): Promise<string> {
  const { stdout } = await exec(daemon, `addoperator ${name} --role ${role}`)
  const file = join(await temporaryFolder(), 'password')
  await writeFile(file, stdout, { mode: 0o600 })
  return file
}
