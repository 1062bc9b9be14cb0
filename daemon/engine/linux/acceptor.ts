import type { Destination } from '../../net/destination.ts'
import { EPOLLIN } from '../../os/epoll.ts'
import { close, errno, errnoName } from '../../os/libc.ts'
import { accept, isExhausted, resetOnClose, setLiveness } from '../../os/socket.ts'
import { copyMapped, socketAddressBytes } from '../../os/socket-address.ts'
import type { Listener } from '../../sockets/listeners.ts'
import type { Liveness } from '../engine.ts'
import { Door, forwarded, Reason } from '../session-table.ts'
import type { BannedSources } from '../shared/banned-sources.ts'
import type { Admitter } from './admitter.ts'
import type { LoopContext } from './context.ts'
import type { Negotiator } from './negotiator.ts'
import { clientOf, watched } from './sessions.ts'
import type { SharedCount } from './shared-counts.ts'

/** Clients taken before the live ones have their turn again. */
const batch = 4
/** How long accepting rests when there is no room, in milliseconds. */
const restTime = 250
const patience = 'new clients wait until others have left'
const nothing = new Uint8Array(0)

/** Room for sessions, of all loops together. */
export interface Room {
  /** How many are live. */
  readonly live: SharedCount
  /** How many there may be, which may change. */
  most: number
  /** How many loops have no room: the first one tells of the shortage. */
  readonly shortLoops: SharedCount
  /** How many of the live ones are BINDs. */
  readonly binds: SharedCount
  readonly mostBinds: number
  readonly loops: number
}

/** Where clients come in. */
interface Doors {
  readonly listeners: readonly Listener<number>[]
  /** The epoll key of the first listener; the others follow. */
  readonly firstKey: number
  /** Sources that are kept out. */
  readonly banned: BannedSources
}

/** Takes clients from this loop's listening sockets while there is room; meanwhile the others wait in the kernel. */
export class Acceptor {
  readonly #loop: LoopContext
  readonly #room: Room
  readonly #banned: BannedSources
  readonly #negotiator: Negotiator
  readonly #admitter: Admitter
  readonly #listeners: Listener<number>[]
  readonly #firstKey: number
  /** Of the client who was accepted last. */
  readonly #clientAddress = new Uint8Array(socketAddressBytes)
  readonly #mappedAddress = new Uint8Array(16)
  /** When accepting goes on, on the loop's clock; 0 while it does. */
  #restsUntil = 0
  /** It rests, or did last, since the limit of connections was reached. */
  #full = false
  /** When room was sought last among those who have places. */
  #roomSought = Number.NEGATIVE_INFINITY
  #warned = false
  /** The listeners, by index, at which clients wait. */
  readonly #waiting = new Set<number>()

  constructor(
    loop: LoopContext,
    room: Room,
    { listeners, firstKey, banned }: Doors,
    next: { readonly negotiator: Negotiator; readonly admitter: Admitter },
  ) {
    this.#loop = loop
    this.#room = room
    this.#banned = banned
    this.#negotiator = next.negotiator
    this.#admitter = next.admitter
    this.#listeners = [...listeners]
    this.#firstKey = firstKey
  }

  /** Take clients from now on. */
  open(): void {
    const { epoll } = this.#loop
    for (const [i, { socket }] of this.#listeners.entries()) epoll.add(socket, EPOLLIN, this.#firstKey + i, 0)
  }

  /** Clients wait at the listening socket with this key: it has its turn. */
  onEvent(key: number): void {
    this.#waiting.add(key - this.#firstKey)
  }

  /** Take some of the clients that wait, unless it is a time of rest. */
  takeTurn(): void {
    if (this.#restsUntil !== 0 && (this.#loop.clock.now >= this.#restsUntil || this.#hasRoomAgain)) this.#goOn()
    // Whoever waits in another loop is kept out by those of this one, too, who say nothing.
    if (this.#room.shortLoops.value > 0 && !this.#hasRoom) this.#makeRoom()
    for (const index of this.#waiting) this.#take(this.#listeners[index])
    // A shortage is over when nobody is found waiting; the kernel does not tell of that.
    if (!this.#warned) this.#waiting.clear()
  }

  #take(listener: Listener<number> | undefined): void {
    if (!listener) return
    let failed = 0
    for (let taken = 0; taken < batch && this.#restsUntil === 0; taken++) {
      this.#full = !this.#hasRoom && !this.#makeRoom()
      if (this.#full) return this.#rest(`the limit of connections is reached: ${patience}`)
      const client = accept(listener.socket, this.#clientAddress)
      if (client >= 0) this.#begin(client, listener.leadsTo)
      else if (client === -errno.EAGAIN) return this.#emptied()
      else if (isExhausted(-client)) return this.#rest(`no descriptors are left: ${patience}`)
      // One may have gone while it waited. Where a sandbox refuses the call, epoll tells of the same client for ever.
      else if (++failed === batch) return this.#rest(`new clients cannot be accepted (${errnoName(-client)}), and wait`)
    }
  }

  /** Milliseconds until the rest is over, or infinity. */
  untilNext(): number {
    return this.#restsUntil === 0 ? Number.POSITIVE_INFINITY : Math.max(0, this.#restsUntil - this.#loop.clock.now)
  }

  /** Have the kernel see to it that clients still live: those to come, who inherit it from the listening sockets. */
  watchOver({ keepalive, userTimeout }: Liveness): void {
    for (const { socket } of this.#listeners) setLiveness(socket, keepalive, userTimeout)
  }

  /** Take no clients from now on: they are refused, unless another process has the sockets open, too. */
  close(): void {
    for (const { socket } of this.#listeners.splice(0)) {
      this.#loop.epoll.remove(socket)
      close(socket)
    }
  }

  /** A forward's client has asked by coming; what it sends stays in the kernel until it is connected. */
  #begin(fd: number, leadsTo: Destination | undefined): void {
    if (!this.#banned.isEmpty && this.#isBanned) {
      resetOnClose(fd)
      close(fd)
      return
    }
    const { sessions, epoll, clock } = this.#loop
    const slot = sessions.begin(fd, this.#clientAddress, leadsTo ? Door.forward : Door.socks)
    const generation = sessions.generation[slot]
    const reason = sessions.places.arrive(slot, sessions.table.clientAddress, clock.now)
    if (reason !== undefined) return sessions.reset(slot, reason)
    if (leadsTo) this.#admitter.admit(slot, forwarded, leadsTo, nothing)
    else this.#negotiator.begin(slot)
    if (!sessions.isCurrent(slot, generation)) return
    if (epoll.add(fd, watched, clientOf(slot), generation) < 0) sessions.close(slot, Reason.failed)
  }

  get #isBanned(): boolean {
    copyMapped(this.#clientAddress, this.#mappedAddress, 0)
    return this.#banned.turnsAway(this.#mappedAddress)
  }

  #rest(message: string): void {
    if (!this.#warned && this.#room.shortLoops.add(1) === 1) this.#loop.post({ type: 'warn', message })
    this.#warned = true
    this.#restsUntil = this.#loop.clock.now + restTime
    this.#watch(0)
  }

  /** Sought once in a rest at most, for it takes a look at everybody who is still to ask for something. */
  #makeRoom(): boolean {
    const { now } = this.#loop.clock
    if (now - this.#roomSought < restTime) return false
    this.#roomSought = now
    return this.#negotiator.makeRoom()
  }

  #goOn(): void {
    this.#restsUntil = 0
    this.#watch(EPOLLIN)
  }

  get #hasRoom(): boolean {
    return this.#room.live.value < this.#room.most
  }

  /** What rests for want of room goes on as soon as somebody leaves this loop. */
  get #hasRoomAgain(): boolean {
    return this.#full && this.#hasRoom
  }

  /** Nobody waits any more, so the next shortage is a new one. */
  #emptied(): void {
    if (this.#warned) this.#room.shortLoops.add(-1)
    this.#warned = false
  }

  #watch(events: number): void {
    for (const [i, { socket }] of this.#listeners.entries())
      this.#loop.epoll.modify(socket, events, this.#firstKey + i, 0)
  }
}
