import { EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, Epoll } from '../../../daemon/os/epoll.ts'
import { bindSocket, errno } from '../../../daemon/os/libc.ts'
import { accept, boundPort, connectSocket, listen, openSocket } from '../../../daemon/os/socket.ts'
import { encodeSocketAddress, portOf, socketAddressBytes } from '../../../daemon/os/socket-address.ts'
import { longestWait } from '../../helpers/patience.ts'
import { Wire } from './wire.ts'

/** What an actor does; it yields to wait for the next event of its wires, and must bear one that means nothing. */
export type Script<Result = void> = Generator<undefined, Result, undefined>

const watched = (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0
/** Milliseconds between two looks at those who pause. */
const tick = 5

/** Runs many scripts in one thread over one epoll. */
export class Stage {
  readonly #epoll = new Epoll(1024)
  readonly #actors = new Map<number, Script>()
  readonly #pausing = new Set<Script>()
  readonly #listeners = new Map<number, (wire: Wire, port: number) => void>()
  #acting: Script | undefined
  #quietSince = performance.now()

  /** Begin a script; it runs until it first waits. */
  begin(script: Script): void {
    this.#step(script)
  }

  /** Wait for events and let those whom they concern go on. Throws when nothing has happened for too long. */
  turn(): void {
    const count = this.#epoll.wait(this.#pausing.size > 0 ? tick : 1000)
    if (count > 0) this.#quietSince = performance.now()
    if (performance.now() - this.#quietSince > longestWait) throw new Error('nothing happens any more')
    for (let i = 0; i < count; i++) {
      const fd = this.#epoll.key(i)
      const arrived = this.#listeners.get(fd)
      const actor = this.#actors.get(fd)
      if (arrived) this.#accept(fd, arrived)
      else if (actor) this.#step(actor)
    }
    for (const actor of this.#pausing) this.#step(actor)
  }

  /** Let an actor go on, because something other than an event has changed. */
  wake(actor: Script): void {
    this.#step(actor)
  }

  /** The actor that is running. */
  get acting(): Script {
    if (!this.#acting) throw new Error('nobody acts')
    return this.#acting
  }

  /** A connection on its way; `prepare` sees it before. Its events are the running actor's. */
  connect(from: Uint8Array, to: Uint8Array, port: number, prepare?: (wire: Wire) => void): Wire {
    const fd = openSocket(to.length)
    if (fd < 0) throw new Error(`socket: errno ${-fd}`)
    const wire = new Wire(fd)
    const address = new Uint8Array(socketAddressBytes)
    const bound = bindSocket(fd, address, encodeSocketAddress(address, from, 0))
    if (bound < 0) throw new Error(`bind: errno ${-bound}`)
    prepare?.(wire)
    const result = connectSocket(fd, to, port)
    if (result < 0 && result !== -errno.EINPROGRESS) throw new Error(`connect: errno ${-result}`)
    this.own(wire)
    return wire
  }

  /** From now on the wire's events are the running actor's. */
  own(wire: Wire): void {
    this.#actors.set(wire.fd, this.acting)
    this.#epoll.add(wire.fd, watched, wire.fd, 0)
  }

  /** The running actor has closed the wire. */
  disown(wire: Wire): void {
    if (this.#actors.get(wire.fd) === this.#acting) this.#actors.delete(wire.fd)
  }

  /** Listen on an address; `arrived` is told of everyone who comes, and of their port. Returns ours. */
  listen(address: Uint8Array, arrived: (wire: Wire, port: number) => void): number {
    const fd = listen({ bytes: address, scope: 0 }, 0, 4096)
    if (fd < 0) throw new Error(`listen on ${address.join('.')}: errno ${-fd}`)
    this.#listeners.set(fd, arrived)
    this.#epoll.add(fd, EPOLLIN, fd, 0)
    return boundPort(fd)
  }

  /** Wait a while, in milliseconds. */
  *pause(milliseconds: number): Script {
    const actor = this.acting
    this.#pausing.add(actor)
    for (const until = performance.now() + milliseconds; performance.now() < until; ) yield
    this.#pausing.delete(actor)
  }

  #accept(listener: number, arrived: (wire: Wire, port: number) => void): void {
    const from = new Uint8Array(socketAddressBytes)
    for (let fd = accept(listener, from); fd >= 0; fd = accept(listener, from)) arrived(new Wire(fd), portOf(from))
  }

  #step(actor: Script): void {
    const before = this.#acting
    this.#acting = actor
    actor.next()
    this.#acting = before
  }
}

/** A port on which connecting neither succeeds nor fails: its queue is full, and nobody empties it. */
export function blackHole(address: Uint8Array): number {
  const port = boundPort(listen({ bytes: address, scope: 0 }, 0, 0))
  for (let i = 0; i < 2; i++) connectSocket(openSocket(4), address, port)
  return port
}
