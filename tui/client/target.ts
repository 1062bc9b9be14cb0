import { join } from 'node:path'
import { runtimeDirectory } from '../../shared/folders.ts'
import { cookieFileName, unixSocketName } from '../../shared/protocol/limits.ts'

/** Where a daemon's management protocol is reached, and how to get in. */
export type Target = UnixTarget | TcpTarget | TlsTarget

/** Whoever may open the socket is in. */
export interface UnixTarget {
  readonly kind: 'unix'
  readonly path: string
}

/** TCP without TLS, which the daemon serves on its own machine only. The secret itself never crosses the wire. */
export type TcpTarget = PlainEndpoint & (CookieLogin | OperatorLogin)

interface PlainEndpoint extends Endpoint {
  readonly kind: 'tcp'
  /** Also to another machine, as through a relay: whoever is on the way there can read and change what is said. */
  readonly insecurePlaintext?: boolean | undefined
}

/** TCP with TLS. The certificate is always verified. */
export interface TlsTarget extends Endpoint, OperatorLogin {
  readonly kind: 'tls'
  /** The authorities to trust, or the daemon's own self-signed certificate; by default those that Node trusts. */
  readonly ca?: Pem | undefined
  /** Ours, for a daemon that demands one; both or neither. */
  readonly cert?: Pem | undefined
  readonly key?: Pem | undefined
  /** The name that the certificate must be for, if that is not `host`. */
  readonly servername?: string | undefined
}

export interface Endpoint {
  /** A name or an address; of a name all addresses are tried. */
  readonly host: string
  readonly port: number
}

/** Log in with the cookie that the daemon puts into its runtime directory at each start. */
export interface CookieLogin {
  readonly cookieFile: string
}

/** Log in as a named operator. */
export interface OperatorLogin {
  readonly operator: string
  /** A function is asked once a daemon has answered, and may take its time. */
  readonly password: string | (() => Promise<string>)
}

/** PEM text, or the file that holds it. */
export type Pem = { readonly pem: string } | { readonly file: string }

/** The management port of a daemon that was told nothing else. */
export const defaultPort = 8080

/**
 * Where this machine's daemon is if it was told nothing else, in the order to try: its Unix socket, then its TCP port
 * with the cookie. `directory` is its runtime directory.
 */
export function localTargets(
  directory: string = runtimeDirectory(process.env, process.getuid?.() ?? -1),
): [UnixTarget, TcpTarget] {
  return [
    { kind: 'unix', path: join(directory, unixSocketName) },
    { kind: 'tcp', host: '127.0.0.1', port: defaultPort, cookieFile: join(directory, cookieFileName) },
  ]
}
