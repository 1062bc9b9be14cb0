import { isIPv6 } from 'node:net'
import { defaultPort, type Endpoint, localTargets, type Target, type TlsTarget } from '../client/index.ts'
import type { Options } from './options.ts'

/** Where a daemon is and how to get in; an operator's password is still to be had. */
export type Place = Exclude<Target, { operator: string }> | OperatorPlace

export type OperatorPlace = (Omit<TlsTarget, 'password'> | PlainPlace) & {
  /** Holds the password. Without it somebody has to be asked. */
  readonly passwordFile?: string | undefined
}

interface PlainPlace extends Endpoint {
  readonly kind: 'tcp'
  readonly operator: string
  readonly insecurePlaintext?: boolean | undefined
}

/** The management port with TLS of a daemon that was told nothing else. */
const defaultTlsPort = 8443

/**
 * The places to try, in order: the one that is named, or else this machine's Unix socket and then its TCP port. A runtime
 * directory that is named is whose daemon is wanted: what listens at the usual port is another one's.
 * Throws an `Error` for people if what was said contradicts itself.
 */
export function placesOf(said: Options, runtimeDirectory: string): readonly [Place, ...Place[]] {
  const { socket, operator, tls = false, host = '127.0.0.1', port = tls ? defaultTlsPort : defaultPort } = said
  if (socket !== undefined) {
    if (operator !== undefined) throw new Error('an operator logs in by TCP or TLS, so leave out operator or socket')
    return [{ kind: 'unix', path: socket }]
  }
  const plaintext = said['insecure-plaintext'] && { insecurePlaintext: true }
  if (operator !== undefined) {
    const login = { host, port, operator, passwordFile: said['password-file'] }
    if (!tls) return [{ kind: 'tcp', ...login, ...plaintext }]
    if ((said.cert === undefined) !== (said.key === undefined))
      throw new Error('cert and key need each other: give both')
    const files = { ca: pem(said.ca), cert: pem(said.cert), key: pem(said.key) }
    return [{ kind: 'tls', ...login, ...files, servername: said['tls-name'] }]
  }
  if (tls) throw new Error('tls needs an operator: the cookie counts without TLS only')
  const [unix, tcp] = localTargets(runtimeDirectory)
  const cookie = said['cookie-file'] !== undefined && { cookieFile: said['cookie-file'] }
  const byCookie = { ...tcp, host, port, ...cookie, ...plaintext }
  if (said.host !== undefined || said.port !== undefined) return [byCookie]
  return said['runtime-dir'] !== undefined && !cookie ? [unix] : [unix, byCookie]
}

function pem(file: string | undefined): { file: string } | undefined {
  return file === undefined ? undefined : { file }
}

/** Where a daemon is, as people write it; several places to try are those of this machine. */
export function placeOf([place, ...others]: readonly [Place, ...Place[]]): string {
  if (others.length > 0) return 'this machine'
  if (place.kind === 'unix') return place.path
  const address = place.host.includes(':') ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`
  return 'operator' in place ? `${place.operator} at ${address}` : address
}

/**
 * Read a host as people write it: a name, an address, either with `:port`, an IPv6 address bare or in brackets, with
 * its zone (RFC 4007, section 11) if it needs one. Undefined if it is none of these.
 */
export function readHost(text: string): { host: string; port?: number } | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text)
  const [, address, name, digits] = match ?? [text, text]
  const host = name ?? address
  const port = digits === undefined ? undefined : Number(digits)
  if (host === undefined || (name === undefined && !isIPv6(host))) return undefined
  if (port === undefined) return { host }
  return port >= 1 && port <= 65_535 ? { host, port } : undefined
}
