import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import {
  cookieUser,
  type Limits,
  limits as protocolLimits,
  protocolVersion,
  unixSocketName,
} from '../../shared/protocol/limits.ts'
import { eventLine } from '../../shared/protocol/message.ts'
import { type KeyRing, makeKeys } from '../../shared/protocol/scram.ts'
import type { Backend } from './backend.ts'
import { Clients } from './clients.ts'
import { makeCookie, placeCookie } from './cookie.ts'
import { backendHandlers } from './handlers.ts'
import { endpointOf, listenOnTcp, refuseOpenEndpoints } from './listen-tcp.ts'
import { listenOnUnix } from './listen-unix.ts'
import type { Log } from './log.ts'
import { loginHandlers } from './login.ts'
import { LoginFailures } from './login-failures.ts'
import type { Via } from './session.ts'
import type { Endpoint } from './start-error.ts'

export interface ControlOptions {
  /** Loopback addresses; others would need TLS. Where port 0 is asked for, the first one's free port serves for all. */
  readonly listen: readonly Endpoint[]
  /** Where the Unix socket and the cookie lie: a private folder, made if it is missing. */
  readonly runtimeDirectory: string
  readonly backend: Backend
  /** New at each start of the daemon. */
  readonly instance: string
  readonly log: Log
  /** By default those of the protocol. */
  readonly limits?: Partial<Limits>
}

export interface ControlServer {
  /** The TCP sockets listened on, with their real ports, in the order asked for. */
  readonly listening: readonly Endpoint[]
  readonly unixPath: string
  /** Says goodbye to all clients and gives everything back. */
  close(): Promise<void>
}

/**
 * Starts the management server. Throws `ControlStartError` or `ControlListenError`, and then nothing stays behind. Of
 * two daemons with one runtime folder the second is refused by the Unix socket, before it touches the other's cookie;
 * and who connects by TCP finds the cookie in place.
 */
export async function startControlServer(options: ControlOptions): Promise<ControlServer> {
  const { listen, runtimeDirectory, log } = options
  refuseOpenEndpoints(listen)
  const cookie = makeCookie()
  const clients = makeClients(options, cookie)
  const makeServer = (via: Via) =>
    createServer({ allowHalfOpen: true, noDelay: true }, (socket) => clients.admit(socket, via))

  await using parts = new AsyncDisposableStack()
  parts.defer(() => clients.end('the daemon ends'))
  const unixPath = join(runtimeDirectory, unixSocketName)
  const unix = await listenOnUnix(unixPath, makeServer('unix'))
  parts.defer(() => void unix.close())
  parts.defer(placeCookie(runtimeDirectory, cookie))
  const tcp = await listenOnTcp(listen, () => makeServer('tcp'))
  for (const server of tcp) parts.defer(() => void server.close())
  // Such as too many open files: that client is lost, the next may have better luck.
  for (const server of [unix, ...tcp]) server.on('error', (error) => log.error(error, 'cannot accept a client'))

  const owned = parts.move()
  return { listening: tcp.map(endpointOf), unixPath, close: () => owned.disposeAsync() }
}

function makeClients({ backend, instance, log, ...options }: ControlOptions, cookie: string): Clients {
  const limits = { ...protocolLimits, ...options.limits }
  const keys = makeKeys(cookie)
  const ring: KeyRing = { keysOf: (user) => (user === cookieUser ? keys : undefined), decoySecret: randomBytes(32) }
  const handlers = {
    ...loginHandlers(ring, new LoginFailures(limits.loginFailures), log),
    ...backendHandlers(backend, limits),
  }
  const greeting = eventLine('hello', {
    protocol: [...protocolVersion],
    instance,
    auth: ['SCRAM-SHA-256'],
    capabilities: [],
    limits,
  })
  return new Clients({ handlers, limits, greeting, log })
}
