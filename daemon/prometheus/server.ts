import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { serveContained } from '../contained.ts'
import { listenOnTcp, socketsOf } from '../control/doors/listen-tcp.ts'
import { isLoopbackLiteral, sourceNamed } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { HandedSockets, NamedSocket } from '../sockets/handed-sockets.ts'
import { contentTypes, expose, type Format, formatFor } from './exposition.ts'
import type { Snapshot } from './families.ts'

/** Clients at once, on all sockets together. Who comes then has the place of whoever came first of the source that has most. */
const mostClients = 16
/** Milliseconds for a client to come, ask, and take its answer. */
const patience = 5_000
/** Bytes of a request's head. */
const mostHead = 8 * 1024
/** Milliseconds for which a snapshot is good, whoever asks and however often. */
const freshness = 1_000

/** In the order in which they came: the source of each. */
type Clients = Map<Socket, string>

/** What the daemon says of itself. */
export interface Told {
  takeSnapshot(): Snapshot
  /** Why it does not take clients; undefined: it does. */
  whyNotReady(): string | undefined
}

/** A server for a socket that another process has handed over. */
interface Adopted {
  readonly socket: NamedSocket
  readonly server: Server
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers monitoring over HTTP: one request a connection, without a login. */
export class MetricsServer {
  readonly listening: readonly Endpoint[]
  /** For a process that is to listen on them, too. */
  readonly sockets: readonly NamedSocket[]
  readonly #servers: readonly Server[]
  /** Those that are to listen, once there is something to tell: another process answers there meanwhile. */
  readonly #adopted: readonly Adopted[]
  readonly #clients: Clients
  /** Undefined while the daemon starts. */
  #told: Told | undefined
  #snapshot: Snapshot | undefined
  #takenAt = Number.NEGATIVE_INFINITY
  readonly #texts = new Map<Format, string>()
  readonly #tellError: (error: unknown) => void

  private constructor(
    adopted: readonly Adopted[],
    servers: readonly Server[],
    clients: Clients,
    tellError: (error: unknown) => void,
  ) {
    this.#adopted = adopted
    this.#servers = [...adopted.map(({ server }) => server), ...servers]
    this.#clients = clients
    this.#tellError = tellError
    this.sockets = [...adopted.map(({ socket }) => socket), ...socketsOf(servers, 'metrics')]
    this.listening = this.sockets.map(({ address, port }) => ({ address, port }))
    for (const server of this.#servers)
      server.on('request', (request, response) => {
        serveContained(request.socket, () => this.#serve(request, response))
      })
  }

  /**
   * Says that the daemon starts, until it is told more; nothing where the process listens that has `handed` over its sockets. Throws
   * `ControlListenError`, and then nothing listens.
   */
  static async listen(
    endpoints: readonly Endpoint[],
    tellError: (error: unknown) => void,
    handed?: HandedSockets,
  ): Promise<MetricsServer> {
    const clients: Clients = new Map()
    const adopted: Adopted[] = []
    const fresh = endpoints.filter((endpoint) => {
      const [socket] = handed?.take('metrics', endpoint) ?? []
      if (socket) adopted.push({ socket, server: makeServer(clients, tellError) })
      return socket === undefined
    })
    await using opened = new AsyncDisposableStack()
    const servers: Server[] = []
    // One after the other: each has a port of its own, and 0.0.0.0 could not share that of 127.0.0.1.
    for (const endpoint of fresh) {
      const [server] = await listenOnTcp([endpoint], 'metrics', () => makeServer(clients, tellError), undefined)
      opened.defer(() => void server?.close())
      servers.push(server as Server)
    }
    opened.move()
    return new MetricsServer(adopted, servers, clients, tellError)
  }

  /** The daemon serves, and tells of itself from now on. */
  async tell(told: Told): Promise<void> {
    this.#told = told
    for (const { socket, server } of this.#adopted) await once(server.listen({ fd: socket.fd }), 'listening')
  }

  /** Leaves those who come to another process; who has come already gets an answer. */
  leave(): void {
    for (const server of this.#servers) server.close()
  }

  async close(): Promise<void> {
    this.leave()
    for (const client of this.#clients.keys()) client.destroy()
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { status, body, headers } = this.#answer(request)
    response.writeHead(status, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      Connection: 'close',
      ...headers,
    })
    response.end(body)
  }

  #answer(request: IncomingMessage): Answer {
    const { method = '', url = '', headers } = request
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, body: 'GET or HEAD, please\n', headers: { Allow: 'GET, HEAD' } }
    if (!isForUs(request)) return { status: 421, body: 'this address is asked for by a name that is not its own\n' }
    const [path] = url.split('?')
    if (path === '/healthz') return { status: 200, body: 'alive\n' }
    const whyNot = this.#told === undefined ? 'starting' : this.#told.whyNotReady()
    if (path === '/readyz') return whyNot ? { status: 503, body: `${whyNot}\n` } : { status: 200, body: 'ready\n' }
    if (path !== '/metrics') return { status: 404, body: 'there are /metrics, /healthz and /readyz\n' }
    if (this.#told === undefined) return { status: 503, body: 'starting\n' }
    const format = formatFor(headers.accept)
    try {
      return { status: 200, body: this.#textFor(this.#told, format), headers: { 'Content-Type': contentTypes[format] } }
    } catch (error) {
      this.#tellError(error)
      return { status: 500, body: 'a fault in proxyd: its log tells more\n' }
    }
  }

  #textFor(told: Told, format: Format): string {
    const now = performance.now()
    if (this.#snapshot === undefined || now - this.#takenAt >= freshness) {
      this.#snapshot = told.takeSnapshot()
      this.#takenAt = now
      this.#texts.clear()
    }
    const text = this.#texts.get(format) ?? expose(this.#snapshot, format)
    this.#texts.set(format, text)
    return text
  }
}

function makeServer(clients: Clients, tellError: (error: unknown) => void): Server {
  const server = createServer({ maxHeaderSize: mostHead, noDelay: true })
  // What comes behind a request on its connection is not looked at.
  server.maxRequestsPerSocket = 1
  server.on('connection', (socket: Socket) => {
    const timer = setTimeout(() => socket.destroy(), patience)
    socket.once('close', () => {
      clearTimeout(timer)
      clients.delete(socket)
    })
    clients.set(socket, sourceNamed(socket.remoteAddress ?? ''))
    const least = clients.size > mostClients ? leastOf(clients) : undefined
    // It has closed only later.
    if (least && clients.delete(least)) least.destroy()
  })
  // Such as too many open files: that client is lost, the next may have better luck.
  return server.on('listening', () => server.on('error', tellError))
}

/** One source alone cannot have all others' places taken before they are answered. */
function leastOf(clients: Clients): Socket | undefined {
  const counts = new Map<string, number>()
  for (const source of clients.values()) counts.set(source, (counts.get(source) ?? 0) + 1)
  const most = Math.max(...counts.values())
  for (const [client, source] of clients) if (counts.get(source) === most) return client
  return undefined
}

/**
 * Whether a request on loopback names us by an address, or as localhost. A browser on this machine may be led here by any
 * other name, of a page that would read what it gets.
 */
function isForUs({ socket, headers: { host } }: IncomingMessage): boolean {
  if (host === undefined || !isLoopbackLiteral(unmappedLiteral(socket.localAddress ?? ''))) return true
  const name = host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
}

function unmappedLiteral(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
