import { isIP, type TcpNetConnectOpts } from 'node:net'
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls'
import { getSystemErrorMessage } from 'node:util'
import { readFileOrPipe, UnfitFile } from '../../shared/whole-file.ts'
import { ConnectionError } from './error.ts'
import type { Endpoint, Pem, TlsTarget } from './target.ts'
import { Wire } from './wire.ts'

/** Milliseconds to find out whether a port speaks TLS. */
const probeTime = 2_000

/** Of a PEM file: the authorities of a whole system have less. */
const mostBytes = 1 << 20

/**
 * Begin a connection whose certificate is verified, before a byte of ours goes out; of a name, each address but the last has
 * `tryMs` milliseconds. Rejects with `ConnectionError`.
 */
export async function openTls(target: Omit<TlsTarget, 'operator' | 'password'>, tryMs: number): Promise<TLSSocket> {
  const { host, port, servername = host } = target
  const options: ConnectionOptions & TcpNetConnectOpts = {
    host,
    port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: tryMs,
    // An address is no server name (RFC 6066, section 3), but the certificate can be for one.
    servername: isIP(servername) ? '' : servername,
    checkServerIdentity: (_, certificate) => checkServerIdentity(servername, certificate),
    secureContext: await contextOf(target),
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
  }
  return connect(options).setNoDelay()
}

async function contextOf({ ca, cert, key }: Pick<TlsTarget, 'ca' | 'cert' | 'key'>): Promise<SecureContext> {
  const material = { ca: await read(ca), cert: await read(cert), key: await read(key) }
  // OpenSSL passes over an authority that is none, and then trusts nobody.
  if (material.ca !== undefined && !material.ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ConnectionError('tls_file', `there is no certificate in ${nameOf(ca)}; give the PEM file of one as ca`)
  }
  try {
    return createSecureContext({ ...material, minVersion: 'TLSv1.2' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const cause =
      code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
        ? `the key in ${nameOf(key)} is not that of the certificate in ${nameOf(cert)}`
        : `cannot use ca, cert or key: ${message}`
    throw new ConnectionError('tls_file', cause, { cause: error })
  }
}

/** Whether a port that has hung up on us wants TLS. No secret is sent, and nothing is believed of what it says. */
export async function speaksTls({ host, port }: Endpoint): Promise<boolean> {
  const target = { kind: 'tls', host, port } as const
  const socket = await openTls(target, probeTime / 4)
  const wire = new Wire(socket, { ...target, operator: '', password: '' }, () => null)
  const end = () => wire.end(new ConnectionError('closed', 'TLS stands'))
  socket.once('secureConnect', end)
  const timer = setTimeout(() => wire.end(new ConnectionError('timeout', 'no TLS in time')), probeTime)
  const { code, kind } = await wire.closed
  clearTimeout(timer)
  return code === 'closed' || (kind === 'tls' && code !== 'tls_missing' && code !== 'tls_failed')
}

async function read(source: Pem | undefined): Promise<string | undefined> {
  if (source === undefined || 'pem' in source) return source?.pem
  try {
    return (await readFileOrPipe(source.file, mostBytes)).toString('utf8')
  } catch (error) {
    if (error instanceof UnfitFile)
      throw new ConnectionError('tls_file', `${source.file} ${error.message}: give a PEM file`, { cause: error })
    const cause = getSystemErrorMessage((error as NodeJS.ErrnoException).errno ?? 0)
    throw new ConnectionError('tls_file', `cannot read ${source.file}: ${cause}`, { cause: error })
  }
}

function nameOf(source: Pem | undefined): string {
  return source !== undefined && 'file' in source ? source.file : 'the PEM given'
}
