import { sourceOf, unmapped } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import type { Network } from '../../net/network.ts'
import { EPOLLIN } from '../../os/epoll.ts'
import { close, errno, errnoName } from '../../os/libc.ts'
import { accept, isExhausted, resetOnClose, setLiveness } from '../../os/socket.ts'
import { bytesOf, copyMapped, encodeSocketAddress, SocketAddress } from '../../os/socket-address.ts'
import type { Listener } from '../../sockets/listeners.ts'
import type { Introduced } from '../../socks/proxy-header.ts'
import type { Liveness } from '../engine.ts'
import { Door, type Entrance, forwarded, Reason, Total } from '../session-table.ts'
import { Balancers } from '../shared/balancers.ts'
import type { BannedSources } from '../shared/banned-sources.ts'
import { roomInterval } from '../shared/silent-clients.ts'
import type { Admitter } from './admitter.ts'
import type { LoopContext } from './context.ts'
import type { Negotiator } from './negotiator.ts'
import { ProxyHeaderReader } from './proxy-header-reader.ts'
import { clientOf, watched } from './sessions.ts'
import type { SharedCount } from './shared-counts.ts'

/** So many clients that cannot be taken, one after the other, are not gone, but refused to us. */
const mostFailures = 4
const patience = 'new clients wait until others have left'
const limitReached = `the limit of connections is reached: ${patience}`
const nothing = new Uint8Array(0)
/** Clients who are taken at most from a socket that is about to be closed: as many as the kernel keeps waiting (somaxconn). */
const mostLast = 4096

/** More listening sockets than a loop ever has: so many epoll keys are theirs, whatever their number after a drain. */
const mostDoors = 0x1_0000

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
  /** See `EngineOptions`. */
  readonly balancers: readonly Network[]
}

/**
 * Takes clients from this loop's listening sockets while there is room; meanwhile the others wait in the kernel, but for
 * those of a crowd that says nothing (`Negotiator.isCrowded`).
 */
export class Acceptor {
  readonly #loop: LoopContext
  readonly #room: Room
  readonly #banned: BannedSources
  readonly #negotiator: Negotiator
  readonly #admitter: Admitter
  #listeners: readonly Listener<number>[] = []
  readonly #firstKey: number
  /** For those who do not come for themselves; undefined if all do. */
  readonly #headers: ProxyHeaderReader | undefined
  /** Of the client who was accepted last, or introduced. */
  readonly #client = new SocketAddress()
  readonly #mappedAddress = new Uint8Array(16)
  /** When accepting goes on, on the loop's clock; 0 while it does. */
  #restsUntil = 0
  /** It rests, or did last, since the limit of connections was reached. */
  #full = false
  /** When room was sought last among those who have places. */
  #roomSought = Number.NEGATIVE_INFINITY
  #warned = false
  /** Clients that could not be taken, one after the other. */
  #failures = 0
  /** By index of a listener: whether clients wait at it. */
  #waiting: boolean[] = []

  constructor(
    loop: LoopContext,
    room: Room,
    { listeners, firstKey, banned, balancers }: Doors,
    next: { readonly negotiator: Negotiator; readonly admitter: Admitter },
  ) {
    this.#loop = loop
    this.#room = room
    this.#banned = banned
    this.#negotiator = next.negotiator
    this.#admitter = next.admitter
    this.#firstKey = firstKey
    this.#have(listeners)
    if (balancers.length === 0) return
    this.#headers = new ProxyHeaderReader(
      loop,
      new Balancers(balancers, loop.sessions.table.totals, (message) => loop.post({ type: 'warn', message })),
      room.live,
      firstKey + mostDoors,
      this.#welcome,
    )
  }

  /** Take clients from now on. */
  open(): void {
    const { epoll } = this.#loop
    for (const [i, { socket }] of this.#listeners.entries()) epoll.add(socket, EPOLLIN, this.#firstKey + i, 0)
  }

  /** Take clients again, after `close`, from these sockets. */
  reopen(listeners: readonly Listener<number>[]): void {
    this.#have(listeners)
    this.open()
    // A rest goes on: what there was no room for there may be none for now.
    if (this.#restsUntil !== 0) this.#watch(0)
  }

  #have(listeners: readonly Listener<number>[]): void {
    this.#listeners = listeners
    this.#waiting = listeners.map(() => false)
    for (const { socket } of listeners) this.#loop.openDescriptors.add(socket)
  }

  /** Clients wait at the listening socket with this key, which has its turn, or a balancer speaks. */
  onEvent(key: number): void {
    const index = key - this.#firstKey
    if (index < mostDoors) this.#waiting[index] = true
    else this.#headers?.onEvent(key)
  }

  /** Take so many at most of the clients that wait at each door, unless it is a time of rest. */
  takeTurn(most: number): void {
    if (this.#restsUntil !== 0 && (this.#loop.clock.now >= this.#restsUntil || this.#hasRoomAgain())) this.#goOn()
    this.#headers?.sweep()
    // Whoever waits in another loop is kept out by those of this one, too, who say nothing.
    if (this.#room.shortLoops.value > 0 && !this.#hasRoom()) this.#makeRoom()
    for (let index = 0; index < this.#listeners.length; index++) {
      if (this.#waiting[index]) this.#take(this.#listeners[index], most)
      // A shortage is over when nobody is found waiting; the kernel does not tell of that.
      if (!this.#warned) this.#waiting[index] = false
    }
  }

  #take(listener: Listener<number> | undefined, most: number): void {
    if (!listener) return
    for (let taken = 0; taken < most && this.#restsUntil === 0; taken++) {
      this.#full = !this.#hasRoom() && !this.#makeRoom()
      // Behind a balancer it is not known yet of whose source a client is.
      if (this.#full && (this.#headers || !this.#negotiator.isCrowded)) return this.#rest(limitReached)
      const client = accept(listener.socket, this.#client.memory.at)
      if (client === -errno.EAGAIN) return this.#emptied()
      if (client < 0 && isExhausted(-client)) return this.#rest(`no descriptors are left: ${patience}`)
      // One may have gone while it waited. Where a sandbox refuses the call, epoll tells of the same client for ever.
      this.#failures = client < 0 ? this.#failures + 1 : 0
      if (this.#failures >= mostFailures)
        return this.#rest(`new clients cannot be accepted (${errnoName(-client)}), and wait`)
      if (client >= 0 && this.#headers && !listener.leadsTo) this.#headers.begin(client, this.#client.memory.bytes)
      else if (client >= 0) this.#begin(client, listener.leadsTo)
    }
  }

  /** See `Sessions.stoodStill`. */
  stoodStill(milliseconds: number): void {
    this.#headers?.stoodStill(milliseconds)
  }

  /** Milliseconds until the rest, or a balancer's time, is over, or infinity. */
  untilNext(): number {
    const untilLate = this.#headers?.untilNext() ?? Number.POSITIVE_INFINITY
    if (this.#restsUntil === 0) return untilLate
    return Math.min(untilLate, Math.max(0, this.#restsUntil - this.#loop.clock.now))
  }

  /** Whether nobody has come of whom it is still to be heard who they are. */
  get isEmpty(): boolean {
    return this.#headers?.isEmpty ?? true
  }

  /** Have the kernel see to it that clients still live: those to come, who inherit it from the listening sockets. */
  watchOver({ keepalive, userTimeout }: Liveness): void {
    for (const { socket } of this.#listeners) setLiveness(socket, keepalive, userTimeout)
  }

  /** Take those who wait now, for each has been told that it is connected: `close` would reset them. */
  takeLast(): void {
    for (const listener of this.#listeners) this.#take(listener, mostLast)
  }

  /** Take no clients from now on: they are refused, unless another process has the sockets open, too. */
  close(): void {
    const { epoll, openDescriptors } = this.#loop
    for (const { socket } of this.#listeners) {
      epoll.remove(socket)
      openDescriptors.delete(socket)
      close(socket)
    }
    this.#listeners = []
    this.#waiting = []
  }

  /** Reset whoever has not been introduced yet. */
  turnAway(): void {
    this.#headers?.close()
  }

  /** A balancer has said whose a connection is. What it does for itself is not kept out, and no limit holds for it. */
  readonly #welcome = (fd: number, from: Uint8Array, introduced: Introduced): void => {
    if (introduced.kind === 'own') {
      this.#client.memory.bytes.set(from)
      this.#serve(fd, 'own', introduced.rest)
    } else {
      encodeSocketAddress(this.#client.memory.bytes, introduced.address, introduced.port)
      this.#begin(fd, undefined, introduced.rest)
    }
  }

  #begin(fd: number, leadsTo: Destination | undefined, said: Uint8Array = nothing): void {
    const isWelcome = (this.#banned.isEmpty || !this.#isBanned()) && !this.#isOutdone()
    if (isWelcome) return this.#serve(fd, leadsTo ? Door.forward : Door.socks, said, leadsTo)
    resetOnClose(fd)
    close(fd)
  }

  /**
   * A session for whom `#client` is of. A forward's client has asked by coming; what it sends stays in the kernel until
   * it is connected.
   */
  #serve(fd: number, entrance: Entrance, said: Uint8Array, leadsTo?: Destination): void {
    const { sessions, epoll, clock } = this.#loop
    const slot = sessions.begin(fd, this.#client.memory.bytes, entrance)
    const generation = sessions.generation[slot]
    const reason = sessions.places.arrive(slot, sessions.table.clientAddress, clock.now, entrance === 'own')
    if (reason !== undefined) return sessions.reset(slot, reason)
    if (leadsTo) this.#admitter.admit(slot, forwarded, leadsTo, nothing)
    else this.#negotiator.begin(slot, said)
    if (!sessions.isCurrent(slot, generation)) return
    if (epoll.add(fd, watched, clientOf(slot), generation) < 0) sessions.close(slot, Reason.failed)
  }

  /** Whether nobody leaves for this client. Of one who comes by a balancer that is not asked, for it has a place. */
  #isOutdone(): boolean {
    if (!this.#full || this.#headers) return false
    this.#warn(limitReached)
    if (this.#negotiator.leaveFor(sourceOf(unmapped(bytesOf(this.#client.memory.bytes))))) return false
    this.#loop.sessions.table.totals[Total.shedNewcomers]++
    return true
  }

  #isBanned(): boolean {
    copyMapped(this.#client.memory.bytes, this.#mappedAddress, 0)
    return this.#banned.turnsAway(this.#mappedAddress)
  }

  #rest(message: string): void {
    this.#warn(message)
    this.#restsUntil = this.#loop.clock.now + roomInterval
    this.#watch(0)
  }

  #warn(message: string): void {
    if (!this.#warned && this.#room.shortLoops.add(1) === 1) this.#loop.post({ type: 'warn', message })
    this.#warned = true
  }

  /** Sought once in a rest at most, for it takes a look at everybody who is still to ask for something. */
  #makeRoom(): boolean {
    const { now } = this.#loop.clock
    if (now - this.#roomSought < roomInterval) return false
    this.#roomSought = now
    return this.#negotiator.makeRoom(this.#room.most / this.#room.loops)
  }

  #goOn(): void {
    this.#restsUntil = 0
    this.#watch(EPOLLIN)
  }

  #hasRoom(): boolean {
    return this.#room.live.value < this.#room.most
  }

  /** What rests for want of room goes on as soon as somebody leaves this loop. */
  #hasRoomAgain(): boolean {
    return this.#full && this.#hasRoom()
  }

  /** Nobody waits any more, so the next shortage is a new one, unless a crowd keeps the places. */
  #emptied(): void {
    this.#failures = 0
    if (!this.#warned || this.#negotiator.isCrowded) return
    this.#room.shortLoops.add(-1)
    this.#warned = false
  }

  #watch(events: number): void {
    for (const [i, { socket }] of this.#listeners.entries())
      this.#loop.epoll.modify(socket, events, this.#firstKey + i, 0)
  }
}
