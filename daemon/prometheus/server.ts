import { once } from 'node:events'
import { STATUS_CODES } from 'node:http'
import { createServer, isIP, type Server, type Socket } from 'node:net'
import { serveContained } from '../contained.ts'
import { listenOnTcp, socketsOf } from '../control/doors/listen-tcp.ts'
import { isLoopbackLiteral, sourceNamed } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { HandedSockets, NamedSocket } from '../sockets/handed-sockets.ts'
import { contentTypes, expose, type Format, formatFor } from './exposition.ts'
import type { Snapshot } from './families.ts'
import { type Question, QuestionReader, type Unclear } from './question.ts'

/** Clients at once, on all sockets together. Who comes then has the place of whoever came first of the source that has most. */
const mostClients = 16
/** Milliseconds for a client to come, ask, and take its answer. */
const patience = 5_000
/** Bytes that a client may send, its request included: who goes on and on is not read any further. */
const mostHeard = 64 * 1024
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
  readonly body: Uint8Array | string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Answers monitoring over HTTP: one request a connection, without a login. What a client sends behind it is thrown away unread, be it
 * a thousand requests more: Node's own server would make an object of each before it cuts the client.
 */
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
  readonly #texts = new Map<Format, Uint8Array>()
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
      server.on('connection', (socket: Socket) => serveContained(socket, () => this.#serve(socket)))
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

  #serve(socket: Socket): void {
    const reader = new QuestionReader()
    let heard = 0
    let isAnswered = false
    // It closes then, whatever the matter was.
    socket.on('error', () => {})
    socket.on('data', (chunk: Uint8Array) => {
      heard += chunk.length
      const question = isAnswered ? undefined : reader.hear(chunk)
      if (question !== undefined) {
        isAnswered = true
        send(socket, this.#answer(question, socket.localAddress ?? ''), question)
      }
      if (heard > mostHeard) socket.pause()
    })
    socket.on('end', () => isAnswered || socket.destroy())
  }

  #answer(question: Question | Unclear, localAddress: string): Answer {
    if (question === 400) return { status: 400, body: 'this is no request of HTTP/1.1\n' }
    if (question === 431) return { status: 431, body: 'the head of this request is longer than 8 KiB\n' }
    const { method, target, host, accept } = question
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, body: 'GET or HEAD, please\n', headers: { Allow: 'GET, HEAD' } }
    if (!isForUs(host, localAddress))
      return { status: 421, body: 'this address is asked for by a name that is not its own\n' }
    const [path] = target.split('?')
    if (path === '/healthz') return { status: 200, body: 'alive\n' }
    const whyNot = this.#told === undefined ? 'starting' : this.#told.whyNotReady()
    if (path === '/readyz') return whyNot ? { status: 503, body: `${whyNot}\n` } : { status: 200, body: 'ready\n' }
    if (path !== '/metrics') return { status: 404, body: 'there are /metrics, /healthz and /readyz\n' }
    if (this.#told === undefined) return { status: 503, body: 'starting\n' }
    const format = formatFor(accept)
    try {
      return { status: 200, body: this.#textFor(this.#told, format), headers: { 'Content-Type': contentTypes[format] } }
    } catch (error) {
      this.#tellError(error)
      return { status: 500, body: 'a fault in proxyd: its log tells more\n' }
    }
  }

  #textFor(told: Told, format: Format): Uint8Array {
    const now = performance.now()
    if (this.#snapshot === undefined || now - this.#takenAt >= freshness) {
      this.#snapshot = told.takeSnapshot()
      this.#takenAt = now
      this.#texts.clear()
    }
    const text = this.#texts.get(format) ?? Buffer.from(expose(this.#snapshot, format))
    this.#texts.set(format, text)
    return text
  }
}

function makeServer(clients: Clients, tellError: (error: unknown) => void): Server {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
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

/** Writes the answer, and ends the connection once the client has taken it. */
function send(socket: Socket, { status, body, headers }: Answer, question: Question | Unclear): void {
  const fields = {
    Date: new Date().toUTCString(),
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.cork()
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`)
  const isOnlyHead = typeof question === 'object' && question.method === 'HEAD'
  if (!isOnlyHead) socket.write(body)
  socket.destroySoon()
}

/**
 * Whether a request on loopback names us by an address, or as localhost. A browser on this machine may be led here by any
 * other name, of a page that would read what it gets.
 */
function isForUs(host: string | undefined, localAddress: string): boolean {
  if (host === undefined || !isLoopbackLiteral(localAddress)) return true
  const name = host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
}
