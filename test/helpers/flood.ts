import { connect, type Socket } from 'node:net'
import { beginClient } from '../../shared/protocol/scram.ts'

export interface FloodOptions {
  /** The management port on 127.0.0.1, and the Unix socket. */
  readonly port: number
  readonly unixPath: string
  /** Connections a second by TCP. */
  readonly rate: number
}

export interface Flood {
  /** Connections begun so far. */
  readonly connections: number
  stop(): void
}

/** Milliseconds between two waves. */
const pulse = 10
const start = request('session.start', { protocol: [1, 0], client: 'flood' })
/** What each of the TCP connections does, in turns. */
const kinds = [silent, garbage, guess, reset]
const deafClients = 8

/**
 * Everything at once, until it is stopped: clients that come and go, say nothing, talk nonsense and guess passwords by
 * TCP, and by the Unix socket clients that ask and follow much and read nothing.
 */
export function startFlood({ port, unixPath, rate }: FloodOptions): Flood {
  const sockets = new Set<Socket>()
  const begun = performance.now()
  let connections = 0
  const open = (to: { port: number } | { path: string }, act: (socket: Socket) => void) => {
    const socket = connect({
      ...to,
      noDelay: true,
      ...('port' in to && { localAddress: `127.0.5.${1 + (connections % 200)}` }),
    })
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    act(socket)
  }
  const wave = setInterval(() => {
    for (const due = ((performance.now() - begun) * rate) / 1000; connections < due; connections++) {
      open({ port }, kinds[connections % kinds.length] ?? silent)
    }
    while ([...sockets].filter((socket) => socket.isPaused()).length < deafClients) open({ path: unixPath }, deaf)
  }, pulse)
  return {
    get connections() {
      return connections
    },
    stop() {
      clearInterval(wave)
      for (const socket of sockets) socket.destroy()
    },
  }
}

function silent(socket: Socket): void {
  socket.resume()
}

function garbage(socket: Socket): void {
  socket.resume().end('x'.repeat(100_000))
}

/** A wrong answer to whatever it is challenged with. */
function guess(socket: Socket): void {
  const exchange = beginClient('admin')
  socket.write(start + request('auth.begin', { mechanism: 'SCRAM-SHA-256', message: exchange.message }))
  socket.setEncoding('utf8').on('data', (text: string) => {
    const nonce = /r=[^,"]+/.exec(text)?.[0]
    if (nonce !== undefined) socket.end(request('auth.finish', { message: `c=biws,${nonce},p=${'A'.repeat(43)}=` }))
  })
}

function reset(socket: Socket): void {
  socket.on('connect', () => socket.resetAndDestroy())
}

function deaf(socket: Socket): void {
  const topics = ['metrics', 'connections', 'log'].map((topic) => request(`${topic}.subscribe`, {}))
  socket.pause()
  socket.write(start + topics.join('') + request('rpc.describe', {}).repeat(1000))
}

function request(method: string, params: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id: method, method, params })}\n`
}
