import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { cookieFileName, unixSocketName } from '../shared/protocol/limits.ts'
import type { Target } from './client/client.ts'

/** Where the person says that the daemon is. */
export interface Whereabouts {
  readonly host?: string
  readonly port?: number
  readonly socket?: string
  readonly cookieFile?: string
  readonly runtimeDirectory: string
}

/** The management port of a daemon that was told nothing else. */
const defaultPort = 8080

/**
 * The places to try, in order: the one that is named, or else this machine's Unix socket and then its TCP port.
 * Throws an `Error` for people if `host` cannot be read.
 */
export function targetsOf(where: Whereabouts): readonly [Target, ...Target[]] {
  const cookieFile = where.cookieFile ?? join(where.runtimeDirectory, cookieFileName)
  if (where.socket !== undefined) return [{ kind: 'unix', path: where.socket }]
  if (where.host !== undefined || where.port !== undefined) {
    return [{ kind: 'tcp', ...endpointOf(where.host ?? '127.0.0.1', where.port), cookieFile }]
  }
  return [
    { kind: 'unix', path: join(where.runtimeDirectory, unixSocketName) },
    { kind: 'tcp', host: '127.0.0.1', port: defaultPort, cookieFile },
  ]
}

/**
 * Read a host as people write it: a name, an address, either with `:port`, an IPv6 address bare or in brackets, with
 * its zone (RFC 4007, section 11) if it needs one.
 */
function endpointOf(text: string, portFlag: number | undefined): { host: string; port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text)
  const [, address, name, digits] = match ?? [text, text]
  const host = name ?? address
  const port = digits === undefined ? (portFlag ?? defaultPort) : Number(digits)
  if (host === undefined || (name === undefined && !isIPv6(host)) || port < 1 || port > 65_535) {
    throw new Error('--host takes a name or an address, with or without a port: ::1, [::1]:8080, localhost:8080')
  }
  if (portFlag !== undefined && portFlag !== port) throw new Error('--host and --port name different ports')
  return { host, port }
}
