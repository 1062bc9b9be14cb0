import { parseAddress } from '../../../daemon/net/address.ts'
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, Epoll } from '../../../daemon/os/epoll.ts'
import { close, errno, recv, send } from '../../../daemon/os/libc.ts'
import { connectSocket, MSG_NOSIGNAL, openSocket, setNoDelay } from '../../../daemon/os/socket.ts'
import type { Way } from './protocol.ts'

/** Many clients on one epoll instance, made of the same system calls as the engine. */

const watched = (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0
const loopback = parseAddress('127.0.0.1')?.bytes ?? new Uint8Array(4)
const answer = new Uint8Array(64)

/** The handshake's messages, each with the length of its answer. */
type Script = readonly { readonly say: Uint8Array; readonly hear: number }[]

/** One connection: how far it is in the handshake, then its work. */
export interface Connection {
  readonly fd: number
  /** When it began to connect, by `performance.now()`. */
  readonly begun: number
  state: 'connecting' | 'handshake' | 'ready'
  /** Messages said. */
  said: number
  moved: number
}

export class Pool {
  readonly live = new Map<number, Connection>()
  /** Why a handshake failed last. */
  reason = ''
  readonly #epoll = new Epoll(1024)
  readonly #script: Script
  readonly #port: number

  constructor(way: Way) {
    this.#script = script(way)
    this.#port = way.proxy?.port ?? way.port
  }

  open(): void {
    const begun = performance.now()
    const fd = openSocket(4)
    if (fd < 0) throw new Error(`socket: errno ${-fd}`)
    setNoDelay(fd)
    const result = connectSocket(fd, loopback, this.#port)
    if (result < 0 && result !== -errno.EINPROGRESS) throw new Error(`connect: errno ${-result}`)
    this.live.set(fd, { fd, begun, state: 'connecting', said: 0, moved: 0 })
    this.#epoll.add(fd, watched, fd, 0)
  }

  shut(connection: Connection): void {
    this.live.delete(connection.fd)
    close(connection.fd)
  }

  /** Wait at most `milliseconds` and hand on what happened; returns how many events there were. */
  wait(milliseconds: number, happened: (connection: Connection, events: number) => void): number {
    const count = this.#epoll.wait(milliseconds)
    for (let i = 0; i < count; i++) {
      const connection = this.live.get(this.#epoll.key(i))
      if (connection) happened(connection, this.#epoll.events(i))
    }
    return count
  }

  /** Take the handshake a step on: `ready` once the way to the origin is open. */
  advance(connection: Connection, events: number): 'waiting' | 'ready' | 'failed' {
    if (connection.state === 'connecting') {
      if (events & (EPOLLERR | EPOLLHUP)) return this.#fail('the connection was refused')
      if (!(events & EPOLLOUT)) return 'waiting'
      connection.state = 'handshake'
    } else {
      const expected = this.#script[connection.said - 1]?.hear ?? 0
      const count = recv(connection.fd, answer, expected, 0)
      if (count === -errno.EAGAIN) return 'waiting'
      if (count !== expected || isRefusal(count)) {
        return this.#fail(`handshake: ${count} bytes: ${answer.subarray(0, Math.max(0, count))}`)
      }
    }
    const next = this.#script[connection.said++]
    if (next) send(connection.fd, next.say, next.say.length, MSG_NOSIGNAL)
    else connection.state = 'ready'
    return next ? 'waiting' : 'ready'
  }

  /** Have each send 64 bytes, and take those that came back since the last time. */
  moveAll(): void {
    for (const { fd } of this.live.values()) {
      recv(fd, answer, answer.length, 0)
      send(fd, answer, answer.length, MSG_NOSIGNAL)
    }
  }

  /** Open `count` connections, at most 256 of them on the way, and wait until all are ready. */
  openAll(count: number): void {
    let opened = 0
    let ready = 0
    while (ready < count) {
      for (; opened < count && opened - ready < 256; opened++) this.open()
      const happened = this.wait(10_000, (connection, events) => {
        const outcome = connection.state === 'ready' ? 'waiting' : this.advance(connection, events)
        if (outcome === 'failed') throw new Error(this.reason)
        if (outcome === 'ready') ready++
      })
      if (happened === 0) throw new Error(`only ${ready} of ${count} connections were made`)
    }
  }

  #fail(reason: string): 'failed' {
    this.reason = reason
    return 'failed'
  }
}

function isRefusal(length: number): boolean {
  const [version, second] = answer
  return length === 2 && version === 5 ? second === 0xff : second !== 0
}

function script({ proxy, port, name }: Way): Script {
  if (!proxy) return []
  const bytes = name === undefined ? undefined : new TextEncoder().encode(name)
  const destination = bytes ? [3, bytes.length, ...bytes] : [1, ...loopback]
  const request = { say: Uint8Array.of(5, 1, 0, ...destination, port >> 8, port & 0xff), hear: 10 }
  if (!proxy.username) return [{ say: Uint8Array.of(5, 1, 0), hear: 2 }, request]
  const username = new TextEncoder().encode(proxy.username)
  const password = new TextEncoder().encode(proxy.password ?? '')
  const login = Uint8Array.of(1, username.length, ...username, password.length, ...password)
  return [{ say: Uint8Array.of(5, 1, 2), hear: 2 }, { say: login, hear: 2 }, request]
}
