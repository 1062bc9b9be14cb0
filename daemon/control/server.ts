import { randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Limits, limits as protocolLimits } from '../../shared/protocol/limits.ts'
import type { Role } from '../../shared/protocol/vocabulary.ts'
import { serveContained } from '../contained.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { RunningTime } from '../running-time.ts'
import type { HandedSockets, NamedSocket } from '../sockets/handed-sockets.ts'
import type { Backend, Log } from './backend.ts'
import type { Ordered } from './carry-out.ts'
import { Changes, type Repeat } from './changes.ts'
import { Clients } from './clients.ts'
import { endpointOf, listenOnTcp, refuseOpenEndpoints, refuseWrongAddresses, socketsOf } from './doors/listen-tcp.ts'
import { RuntimeFolder } from './doors/runtime-folder.ts'
import { type Reloaded, TlsDoor } from './doors/tls-door.ts'
import type { TlsFiles } from './doors/tls-files.ts'
import { groupOf, type SocketAccess } from './doors/unix-socket.ts'
import type { Offered } from './service.ts'
import type { Via } from './session.ts'

export interface ControlOptions {
  /** Loopback addresses. Where port 0 is asked for, the first one's free port serves for all; so it is with TLS. */
  readonly listen: readonly Endpoint[]
  /** Any addresses, served with TLS, and what that takes. */
  readonly tls?: TlsFiles & { readonly listen: readonly Endpoint[] }
  /** Where the Unix socket and the cookie lie: a private folder, made if it is missing. */
  readonly runtimeDirectory: string
  /** By default this user alone may open the Unix socket, as an admin. */
  readonly socket?: SocketAccess
  readonly backend: Backend
  /** New at each start of the daemon. */
  readonly instance: string
  /** Of a daemon that makes way for this one: by what clients on this machine log in, and which in a row this one is by it. */
  readonly predecessor?: { readonly cookie: string; readonly generation: number } | undefined
  /** What another process has listened on. */
  readonly handed?: HandedSockets | undefined
  readonly log: Log
  /** Hears what operators do, which is for admins. */
  readonly audited: Pick<Log, 'info'>
  /** Milliseconds between two looks at the runtime folder, a minute by default. */
  readonly lookPeriod?: number
  /** Milliseconds for which connections and users are still watched when nobody follows them, 5 s by default. */
  readonly linger?: number
  /** By default those of the protocol. */
  readonly limits?: Partial<Limits>
}

export interface ControlServer {
  /** The TCP sockets listened on, with their real ports, in the order asked for. */
  readonly listening: readonly Endpoint[]
  /** The sockets with TLS, likewise. */
  readonly listeningTls: readonly Endpoint[]
  readonly unixPath: string
  /** Until when the certificate for TLS is good, in milliseconds since 1970; undefined without one. */
  readonly certificateExpiry: number | undefined
  /** How many clients are logged in, by what they may do. */
  countClients(): ReadonlyMap<Role, number>
  /** What clients on this machine log in by. */
  readonly cookie: string
  /** Its listening sockets of TCP, for a process that is to listen on them, too. */
  readonly sockets: readonly NamedSocket[]
  /**
   * Has changes wait and leaves the runtime folder to another process; resolves when none is under way, or rejects when the
   * signal says so.
   */
  lend(signal: AbortSignal): Promise<void>
  /** Goes on as before `lend`. */
  takeBack(): Promise<void>
  /** Has changes made by another process, too, from now on: by the one that has made way for this one, as long as it is there. */
  makeAlso(repeat: Repeat | undefined): void
  /** Does what an operator wants who has asked another node of the fleet for it. Rejects with `RpcError`. */
  carryOut(order: Ordered): Promise<object>
  /** Ends all connections of an operator whom another daemon has changed. */
  dismiss(operator: string, change: 'removed' | 'password' | 'role'): void
  /** Has this come before each change, from now on: what it is to build on. */
  makeBehind(catchUp: () => Promise<void>): void
  /** Makes a change that a process has made that this one makes way for. Rejects with what keeps it from that. */
  repeat(method: string, params: Record<string, unknown>): Promise<object>
  /** Behind `lend`: says goodbye to all clients, since another process serves them from now on. */
  leave(): Promise<void>
  /**
   * Reads certificate, key and authorities again, if there are any, and makes anew what is missing in the runtime folder;
   * what cannot be used or made is logged and changes nothing. Resolves to what is wrong with the files of TLS.
   */
  reload(): Promise<Reloaded>
  /** Removes the files by which clients find the daemon, for an end that cannot wait for `close`. */
  vanish(): void
  /** Says goodbye to all clients, for this reason where it is another one than that the daemon ends, and gives everything back. */
  close(reason?: string): Promise<void>
}

const ownSocket: SocketAccess = { mode: '0600', group: '', role: 'admin' }

/** Milliseconds for who came last, before a successor took their place, to ask what they came for. */
const lastMoment = 300

/** See `FeedLimits.linger`. */
const feedLinger = 5_000

/** After 60 s without a byte the kernel asks whether a client is still there. */
const socketOptions = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }

/**
 * Starts the management server. Throws `ControlStartError` or `ControlListenError`, and then nothing stays behind. Of
 * two daemons with one runtime folder the second is refused by the lock on it, before it touches the other's cookie;
 * and who connects by TCP finds the cookie in place.
 */
export async function startControlServer(options: ControlOptions): Promise<ControlServer> {
  const { listen, tls, runtimeDirectory, log, socket = ownSocket } = options
  refuseOpenEndpoints(listen)
  const { handed, predecessor: { cookie = randomBytes(32).toString('hex') } = {} } = options
  const changes = new Changes()
  await using parts = new AsyncDisposableStack()
  const time = parts.adopt(new RunningTime(), (owned) => owned.close())
  const { clients, load } = makeClients(options, { cookie, changes, time })
  const door = makeTlsDoor(options, clients, time)
  const makeServer = (via: Via) => {
    const enter = (socket: Socket) => {
      if (!clients.accept(socket, via)) return
      if (via === 'tls') door?.open(socket)
      else clients.serve(socket)
    }
    const server = createServer(socketOptions, (socket) => serveContained(socket, () => enter(socket)))
    // Such as too many open files: that client is lost, the next may have better luck.
    server.on('listening', () => server.on('error', (error) => log.error(error, 'cannot accept a client')))
    return server
  }

  const folder = new RuntimeFolder({
    directory: runtimeDirectory,
    group: groupOf(socket),
    cookie,
    makesWay: options.predecessor !== undefined,
    makeServer: () => makeServer('unix'),
    log,
    lookPeriod: options.lookPeriod,
  })
  parts.defer(() => folder.unlock())
  let farewell = 'the daemon ends'
  parts.defer(() => clients.end(farewell))
  parts.defer(() => folder.withdraw())
  await folder.open()
  const tcp = await listenOnTcp(listen, 'control', () => makeServer('tcp'), handed)
  for (const server of tcp) parts.defer(() => void server.close())
  const secure = await listenOnTcp(tls?.listen ?? [], 'control-tls', () => makeServer('tls'), handed)
  for (const server of secure) parts.defer(() => void server.close())

  const owned = parts.move()
  return {
    listening: tcp.map(endpointOf),
    listeningTls: secure.map(endpointOf),
    unixPath: folder.socketPath,
    get certificateExpiry() {
      return door?.expiry
    },
    countClients: () => clients.countByRole(),
    cookie,
    sockets: [...socketsOf(tcp, 'control'), ...socketsOf(secure, 'control-tls')],
    async lend(signal) {
      await changes.hold(signal)
      signal.throwIfAborted()
      folder.unlock()
    },
    async takeBack() {
      await folder.lockAgain()
      changes.release()
    },
    makeAlso(repeat) {
      changes.repeat = repeat
    },
    async carryOut(order) {
      return (await load()).carryOut(order)
    },
    dismiss: (operator, change) => clients.dismiss(operator, change),
    makeBehind(catchUp) {
      changes.catchUp = catchUp
    },
    async repeat(method, params) {
      return (await load()).repeat(method, params)
    },
    async leave() {
      changes.refuse()
      farewell = 'the daemon has been upgraded: its successor serves from now on'
      // Who came while the successor began to listen is served here.
      await setImmediate()
      for (const server of [...tcp, ...secure]) server.close()
      folder.withdraw()
      await setTimeout(lastMoment)
      await clients.end(farewell)
    },
    async reload() {
      const reloaded = door?.reload() ?? {}
      await folder.renew()
      return reloaded
    },
    vanish: () => folder.withdraw(),
    close(reason = farewell) {
      farewell = reason
      return owned.disposeAsync()
    },
  }
}

function makeTlsDoor({ tls, limits, log }: ControlOptions, clients: Clients, time: RunningTime): TlsDoor | undefined {
  if (tls === undefined || tls.listen.length === 0) return undefined
  refuseWrongAddresses(tls.listen, '--control-tls-addr')
  const enter = (accepted: Socket, socket: Socket) => serveContained(socket, () => void clients.serve(accepted, socket))
  const { loginTime: handshakeTime } = { ...protocolLimits, ...limits }
  return new TlsDoor({ files: tls, handshakeTime, time, enter, log })
}

/** What it takes to serve clients is loaded when the first one comes: 45 ms of CPU and 14 MB, most of it the protocol's table. */
function makeClients(
  options: ControlOptions,
  own: { readonly cookie: string; readonly changes: Changes; readonly time: RunningTime },
) {
  const { backend, instance, log, audited, socket = ownSocket, linger = feedLinger, predecessor } = options
  const { generation } = predecessor ?? { generation: 1 }
  const limits = { ...protocolLimits, ...options.limits }
  let offered: Promise<Offered> | undefined
  const load = () => {
    offered ??= import('./service.ts').then(({ makeService }) =>
      makeService({
        backend,
        instance,
        log,
        audited,
        limits,
        linger,
        ...own,
        socketRole: socket.role,
        generation,
        clients,
      }),
    )
    return offered
  }
  const clients: Clients = new Clients(limits, async () => (await load()).connect)
  return { clients, load }
}
