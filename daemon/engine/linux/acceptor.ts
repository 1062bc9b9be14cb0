import type { Destination } from '../../net/destination.ts'
import { EPOLLIN, type Epoll } from '../../os/epoll.ts'
import { close, errno } from '../../os/libc.ts'
import { accept, setLiveness } from '../../os/socket.ts'
import { Negotiation } from '../../socks/negotiation.ts'
import type { Liveness, Policy, Timeouts } from '../engine.ts'
import { forwarded, Reason } from '../session-table.ts'
import { type Dialer, watched } from './dialer.ts'
import type { Listener } from './mail.ts'
import type { Negotiator } from './negotiator.ts'
import { type Clock, clientOf, type Sessions } from './sessions.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Clients taken before the live ones have their turn again. */
const batch = 4
/** How long accepting rests when there is no room, in milliseconds. */
const restTime = 250
const nothing = new Uint8Array(0)
/** Where in `Room.live` the loops without room are counted: the first one tells of the shortage. */
const shortLoops = 1

/** Room for sessions: `live[0]` counts those of all loops, `most` is their limit, which may change. */
export interface Room {
  readonly live: Int32Array
  most: number
}

/** Takes clients from this loop's listening sockets while there is room; meanwhile the others wait in the kernel. */
export class Acceptor {
  policy: Policy

  readonly #sessions: Sessions
  readonly #negotiator: Negotiator
  readonly #dialer: Dialer
  readonly #epoll: Epoll
  readonly #wheel: TimerWheel
  readonly #clock: Clock
  readonly #room: Room
  readonly #timeouts: Timeouts
  readonly #warn: (message: string) => void
  readonly #listeners: Listener[]
  /** The epoll key of the first listener; the others follow. */
  readonly #firstKey: number
  /** When accepting goes on, on the loop's clock; 0 while it does. */
  #restsUntil = 0
  /** It rests, or did last, since the limit of connections was reached. */
  #full = false
  #warned = false
  /** The listeners, by index, at which clients wait. */
  readonly #waiting = new Set<number>()

  constructor(
    parts: {
      sessions: Sessions
      negotiator: Negotiator
      dialer: Dialer
      epoll: Epoll
      wheel: TimerWheel
      clock: Clock
    },
    options: { policy: Policy; room: Room; timeouts: Timeouts; listeners: readonly Listener[]; firstKey: number },
    warn: (message: string) => void,
  ) {
    this.#sessions = parts.sessions
    this.#negotiator = parts.negotiator
    this.#dialer = parts.dialer
    this.#epoll = parts.epoll
    this.#wheel = parts.wheel
    this.#clock = parts.clock
    this.policy = options.policy
    this.#room = options.room
    this.#timeouts = options.timeouts
    this.#listeners = [...options.listeners]
    this.#firstKey = options.firstKey
    this.#warn = warn
    for (const [i, { fd }] of this.#listeners.entries()) this.#epoll.add(fd, EPOLLIN, this.#firstKey + i, 0)
  }

  /** Clients wait at the listening socket with this key: it has its turn. */
  onEvent(key: number): void {
    this.#waiting.add(key - this.#firstKey)
  }

  /** Take some of the clients that wait, unless it is a time of rest. */
  takeTurn(): void {
    if (this.#restsUntil !== 0 && (this.#clock.now >= this.#restsUntil || this.#hasRoomAgain)) this.#goOn()
    for (const index of this.#waiting) this.#take(this.#listeners[index])
    // A shortage is over when nobody is found waiting; the kernel does not tell of that.
    if (!this.#warned) this.#waiting.clear()
  }

  #take(listener: Listener | undefined): void {
    if (!listener) return
    for (let taken = 0; taken < batch && this.#restsUntil === 0; taken++) {
      this.#full = !this.#hasRoom
      if (this.#full) return this.#rest('the limit of connections is reached')
      const client = accept(listener.fd)
      if (client >= 0) this.#begin(client, listener.leadsTo)
      else if (client === -errno.EAGAIN) return this.#emptied()
      else if (exhausted.has(-client)) return this.#rest('no descriptors are left')
    }
  }

  /** Milliseconds until the rest is over, or infinity. */
  untilNext(): number {
    return this.#restsUntil === 0 ? Number.POSITIVE_INFINITY : Math.max(0, this.#restsUntil - this.#clock.now)
  }

  /** Have the kernel see to it that clients still live: those to come, who inherit it from the listening sockets. */
  watchOver({ keepalive, userTimeout }: Liveness): void {
    for (const { fd } of this.#listeners) setLiveness(fd, keepalive, userTimeout)
  }

  /** Refuse all clients from now on. */
  close(): void {
    for (const { fd } of this.#listeners.splice(0)) close(fd)
  }

  #begin(fd: number, leadsTo: Destination | undefined): void {
    const slot = this.#sessions.begin(fd)
    const generation = this.#sessions.generation[slot]
    if (leadsTo) this.#forward(slot, leadsTo)
    else this.#negotiate(slot)
    if (!this.#sessions.isCurrent(slot, generation)) return
    if (this.#epoll.add(fd, watched, clientOf(slot), generation) < 0) this.#sessions.close(slot, Reason.failed)
  }

  #negotiate(slot: number): void {
    this.#sessions.negotiations.set(slot, new Negotiation(this.policy))
    this.#wheel.set(slot, this.#clock.now + this.#timeouts.negotiation)
    this.#negotiator.begin(slot)
  }

  /** What the client sends meanwhile stays in the kernel. */
  #forward(slot: number, destination: Destination): void {
    this.#sessions.table.command[slot] = forwarded
    this.#dialer.begin(slot, destination, nothing)
  }

  #rest(why: string): void {
    if (!this.#warned && Atomics.add(this.#room.live, shortLoops, 1) === 0)
      this.#warn(`${why}: new clients wait until others have left`)
    this.#warned = true
    this.#restsUntil = this.#clock.now + restTime
    this.#watch(0)
  }

  #goOn(): void {
    this.#restsUntil = 0
    this.#watch(EPOLLIN)
  }

  get #hasRoom(): boolean {
    return Atomics.load(this.#room.live, 0) < this.#room.most
  }

  /** What rests for want of room goes on as soon as somebody leaves this loop. */
  get #hasRoomAgain(): boolean {
    return this.#full && this.#hasRoom
  }

  /** Nobody waits any more, so the next shortage is a new one. */
  #emptied(): void {
    if (this.#warned) Atomics.sub(this.#room.live, shortLoops, 1)
    this.#warned = false
  }

  #watch(events: number): void {
    for (const [i, { fd }] of this.#listeners.entries()) this.#epoll.modify(fd, events, this.#firstKey + i, 0)
  }
}

/** What accept4(2) says when the process or the machine has no room; anything else concerns one client only. */
export const exhausted = new Set<number>([errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
