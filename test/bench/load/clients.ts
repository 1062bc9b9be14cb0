import { parseAddress } from '../../../daemon/os/address.ts'
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, Epoll } from '../../../daemon/os/epoll.ts'
import { close, errno, recv, send } from '../../../daemon/os/libc.ts'
import { connectSocket, MSG_NOSIGNAL, MSG_TRUNC, openSocket, setNoDelay } from '../../../daemon/os/socket.ts'
import type { Load, Progress, Way } from './protocol.ts'

/** The load generator: one process, one load, made of the same system calls as the engine. */

const chunk = new Uint8Array(256 * 1024)
const turn = 16
const watched = (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0

const load: Load = JSON.parse(process.argv[2] ?? '')
const epoll = new Epoll(1024)
const loopback = parseAddress('127.0.0.1')?.bytes ?? new Uint8Array(4)

/** One connection: the handshake's messages still to be sent, each with the length of its answer, then its work. */
interface Connection {
  readonly fd: number
  readonly script: { say: Uint8Array; hear: number }[]
  state: 'connecting' | 'handshake' | 'ready'
  moved: number
}

const connections = new Map<number, Connection>()
let failures = 0

function script(way: Way): Connection['script'] {
  const { proxy } = way
  if (!proxy) return []
  const port = [way.port >> 8, way.port & 0xff]
  const name = way.name ? new TextEncoder().encode(way.name) : undefined
  const destination = name ? [3, name.length, ...name] : [1, ...loopback]
  const request = { say: Uint8Array.of(5, 1, 0, ...destination, ...port), hear: 10 }
  if (!proxy.username) return [{ say: Uint8Array.of(5, 1, 0), hear: 2 }, request]
  const username = new TextEncoder().encode(proxy.username)
  const password = new TextEncoder().encode(proxy.password ?? '')
  const login = Uint8Array.of(1, username.length, ...username, password.length, ...password)
  return [{ say: Uint8Array.of(5, 1, 2), hear: 2 }, { say: login, hear: 2 }, request]
}

const messages = script(load.way)

function open(): void {
  const fd = openSocket(4)
  if (fd < 0) throw new Error(`socket: errno ${-fd}`)
  setNoDelay(fd)
  const result = connectSocket(fd, loopback, load.way.proxy?.port ?? load.way.port)
  if (result < 0 && result !== -errno.EINPROGRESS) throw new Error(`connect: errno ${-result}`)
  connections.set(fd, { fd, script: [...messages], state: 'connecting', moved: 0 })
  epoll.add(fd, watched, fd, 0)
}

function shut(connection: Connection): void {
  connections.delete(connection.fd)
  close(connection.fd)
}

/** Take the handshake a step on; true once the way to the origin is open. */
function advance(connection: Connection, events: number): boolean {
  if (connection.state === 'ready') return true
  if (connection.state === 'connecting') {
    if (events & (EPOLLERR | EPOLLHUP) || !(events & EPOLLOUT)) return false
    connection.state = 'handshake'
  } else {
    const expected = connection.script[0]
    if (!expected) return false
    const count = recv(connection.fd, chunk, expected.hear, 0)
    if (count === -errno.EAGAIN) return false
    const wrong =
      count !== expected.hear ||
      (count === 2 ? chunk[1] === 0xff || (chunk[0] === 1 && chunk[1] !== 0) : chunk[1] !== 0)
    if (wrong) throw new Error(`handshake: ${count} bytes: ${chunk.subarray(0, Math.max(0, count))}`)
    connection.script.shift()
  }
  const next = connection.script[0]
  if (next) send(connection.fd, next.say, next.say.length, MSG_NOSIGNAL)
  else connection.state = 'ready'
  return connection.state === 'ready'
}

function say(progress: Progress): void {
  process.stdout.write(`${JSON.stringify(progress)}\n`)
}

/** Open `count` connections and wait until all are ready. */
function openAll(count: number, mostAtOnce = 256): void {
  let opened = 0
  let ready = 0
  while (ready < count) {
    while (opened < count && opened - ready < mostAtOnce) {
      open()
      opened++
    }
    const events = epoll.wait(10_000)
    if (events === 0) throw new Error(`only ${ready} of ${count} connections were made`)
    for (let i = 0; i < events; i++) {
      const connection = connections.get(epoll.key(i))
      if (connection && connection.state !== 'ready' && advance(connection, epoll.events(i))) ready++
    }
  }
}

function bulk(load: Extract<Load, { kind: 'bulk' }>): void {
  openAll(load.streams)
  const reads = load.direction !== 'up'
  const writes = load.direction !== 'down'
  let busy = new Set(connections.values())
  if (reads && !writes) for (const { fd } of busy) send(fd, chunk, 1, MSG_NOSIGNAL)
  const work = (connection: Connection): boolean => {
    for (let i = 0; i < turn; i++) {
      const heard = reads ? recv(connection.fd, chunk, 1 << 20, MSG_TRUNC) : 0
      const said = writes ? send(connection.fd, chunk, chunk.length, MSG_NOSIGNAL) : 0
      if (heard > 0) connection.moved += heard
      if (said > 0) connection.moved += said
      if (heard <= 0 && said <= 0) return false
    }
    return true
  }
  say({ event: 'begin' })
  const begin = performance.now()
  const end = begin + load.seconds * 1000
  while (performance.now() < end) {
    const count = epoll.wait(busy.size > 0 ? 0 : 100)
    const awake = busy
    busy = new Set()
    for (let i = 0; i < count; i++) {
      const connection = connections.get(epoll.key(i))
      if (connection) awake.add(connection)
    }
    for (const connection of awake) if (work(connection)) busy.add(connection)
  }
  finish(
    begin,
    [...connections.values()].map((connection) => connection.moved),
  )
}

function short(load: Extract<Load, { kind: 'connections' }>): void {
  let done = 0
  const step = (connection: Connection, events: number): void => {
    if (connection.state !== 'ready') {
      if (advance(connection, events)) send(connection.fd, chunk, 64, MSG_NOSIGNAL)
      return
    }
    const count = recv(connection.fd, chunk, 4096, 0)
    if (count > 0) connection.moved += count
    if (count === -errno.EAGAIN || connection.moved < 64) {
      if (count > 0 || count === -errno.EAGAIN) return
      failures++
    }
    shut(connection)
    done++
    open()
  }
  say({ event: 'begin' })
  const begin = performance.now()
  const end = begin + load.seconds * 1000
  for (let i = 0; i < load.inFlight; i++) open()
  while (performance.now() < end) {
    const count = epoll.wait(100)
    for (let i = 0; i < count; i++) {
      const connection = connections.get(epoll.key(i))
      if (connection) step(connection, epoll.events(i))
    }
  }
  finish(begin, [], done)
}

function pingpong(load: Extract<Load, { kind: 'pingpong' }>): void {
  openAll(1)
  const [connection] = connections.values()
  if (!connection) return
  const micros: number[] = []
  say({ event: 'begin' })
  const begin = performance.now()
  const end = begin + load.seconds * 1000
  for (let sent = begin; sent < end; sent = performance.now()) {
    send(connection.fd, chunk, 64, MSG_NOSIGNAL)
    for (let left = 64; left > 0; ) {
      const count = recv(connection.fd, chunk, left, 0)
      if (count > 0) left -= count
      else if (count === -errno.EAGAIN) epoll.wait(100)
      else throw new Error('the ping-pong was cut')
    }
    micros.push((performance.now() - sent) * 1000)
  }
  finish(begin, [], micros.length, micros)
}

function finish(begin: number, bytes: number[], done = 0, micros: number[] = []): void {
  const seconds = (performance.now() - begin) / 1000
  say({ event: 'end', seconds, bytes, connections: done, failures, micros })
}

switch (load.kind) {
  case 'bulk':
    bulk(load)
    break
  case 'connections':
    short(load)
    break
  case 'pingpong':
    pingpong(load)
    break
  case 'hold':
    openAll(load.count)
    say({ event: 'begin' })
    process.stdin.on('end', () => finish(performance.now(), []))
    process.stdin.resume()
}
