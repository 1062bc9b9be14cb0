import { isIP } from 'node:net'

/** Where a store is, and as whom it is used. */
export interface Place {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** Undefined: in the clear. `ca`: a file with the certificates of authorities, in place of those that Node trusts. */
  readonly tls: { readonly ca: string | undefined } | undefined
  /** On this machine's loopback, where anybody may listen while the server does not: what does is to prove that it is the server. */
  readonly isDoubtful: boolean
  /** In words for people, without anything that is secret. */
  readonly called: string
}

const shape =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:@/?#]*)(?<password>:[^@/?#]*)?@)?(?<host>\[[^\]]*\]|[^:/?#@]*)(?::(?<port>\d{1,5}))?\/(?<database>[^/?#]+)(?:\?(?<rest>[^#]*))?$/

/**
 * Reads `postgres://USER@HOST:PORT/DATABASE`, with `?host=/FOLDER` for a Unix socket, and `sslmode` and `sslrootcert` as libpq has them.
 * TLS, verified, is what it takes unless the server is on this machine. Returns the problem, for people, as a text.
 */
export function readPlace(text: string): Place | string {
  const parts = shape.exec(text)?.groups
  if (!parts) return 'is not like postgres://USER@HOST:PORT/DATABASE'
  if (parts.password !== undefined)
    return 'has a password in it, which all users of this machine can see: put it into a file, and name that with --store-password-file'
  const rest = new URLSearchParams(parts.rest ?? '')
  const unknown = [...rest.keys()].find((name) => !['host', 'sslmode', 'sslrootcert'].includes(name))
  if (unknown !== undefined)
    return `says ${unknown}, which proxyd does not know: host, sslmode and sslrootcert are what it does`
  const [user, database, named] = [parts.user ?? '', parts.database, parts.host.replace(/^\[(.*)\]$/, '$1')].map(
    decoded,
  )
  if (user === undefined || database === undefined || named === undefined) return 'has a % that is not one of an escape'
  if (user === '') return 'names no user: postgres://USER@HOST:PORT/DATABASE'
  const host = rest.get('host') ?? named
  if (host === '')
    return 'names no host: postgres://USER@HOST:PORT/DATABASE, or ?host=/FOLDER for the folder of a Unix socket'
  if (rest.has('host') && named !== '') return 'names two hosts: say one'
  const port = Number(parts.port ?? 5432)
  if (port < 1 || port > 65_535) return 'has a port that is none from 1 to 65535'
  const tls = tlsOf(host, rest.get('sslmode'), rest.get('sslrootcert'))
  if (typeof tls === 'string') return tls
  const at = host.startsWith('/') ? `${host} (port ${port})` : `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const isDoubtful = tls === null && !rest.has('sslmode') && !host.startsWith('/')
  return { host, port, user, database, tls: tls ?? undefined, isDoubtful, called: `the store ${database} at ${at}` }
}

function tlsOf(host: string, mode: string | null, ca: string | null): Place['tls'] | null | string {
  if (mode !== null && mode !== 'verify-full' && mode !== 'disable')
    return `says sslmode=${mode}: it may be verify-full, which is the default, or disable`
  if (mode === 'disable' && ca !== null) return 'says sslrootcert, and sslmode=disable: say one'
  const isSocket = host.startsWith('/')
  if (isSocket && (mode === 'verify-full' || ca !== null))
    return 'asks for TLS over a Unix socket: PostgreSQL has none there'
  const isHere = isSocket || host === 'localhost' || host === '::1' || /^127\./.test(host)
  const isPlain = mode === 'disable' || (mode === null && ca === null && isHere)
  return isPlain ? null : { ca: ca ?? undefined }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
