import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP } from '../../os/epoll.ts'
import { close, recv } from '../../os/libc.ts'
import { keepUrgentInStream, MSG_PEEK, MSG_TRUNC, resetOnClose } from '../../os/socket.ts'
import { copyMapped, portOf } from '../../os/socket-address.ts'
import { Door, type Entrance, Reason, type SessionTable, type State } from '../session-table.ts'
import type { Places } from '../shared/places.ts'
import type { Quotas } from '../shared/quotas.ts'
import type { Extras } from './extras.ts'
import type { SharedCount } from './shared-counts.ts'
import type { TimerWheel } from './timer-wheel.ts'

/**
 * The sessions of one loop, as columns. A session has a slot, and each of its two sockets is a half: client
 * `slot * 2`, target `slot * 2 + 1`, so that `half ^ 1` is the other side and both directions share all code.
 * A half is also what an epoll event carries, beside the slot's generation, which tells events of a former owner.
 *
 * This is the one owner of both halves' descriptors: they are closed here and nowhere else. `Extras` owns the others.
 */

/** Every event that a session's socket is ever watched for; it is told to the kernel once (epoll(7), edge-triggered). */
export const watched = (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0

/** What is known of a half. */
export const Flag = {
  /** There may be bytes to read: an edge came, and no read has come back short since. */
  readable: 1,
  /** Its FIN has been announced: a read that comes back short has brought all there will ever be. */
  finishing: 2,
  /** It has said all it will say. */
  ended: 4,
  /** Writing to it has failed; what it said before is still worth delivering. */
  dead: 8,
  /** It sends in bulk: it takes turns, and is spliced rather than copied where it may be. */
  bulk: 16,
  /** It waits in the loop's queue for its next turn. */
  queued: 32,
  /** Its login is being checked; until then it is not read from. */
  checking: 64,
  /** An error has been announced; only a read tells which, and only after what came before it. */
  failing: 128,
  /** Bytes have been written to it. */
  spokenTo: 256,
  /** Nagle's algorithm is off for what is written to it. */
  prompt: 512,
  /** It has sent urgent data, at whose mark reads stop short (tcp(7)): a short read proves nothing, and splice sticks. */
  urgent: 1024,
  /** There is a limit to how fast it may be read. */
  paced: 2048,
  /** It waits for credit, and is not read meanwhile: `Pacer` has it. */
  parked: 4096,
  /** On a client's half: what its session moves counts against a quota. */
  metered: 8192,
  /** Urgent bytes of a target are read where they are in the stream; of clients they always are. */
  inStream: 16384,
  /** It and its peer talk: their client has said little more than once. */
  talks: 32768,
  /** On a client's half: not all that it may say goes on (`LoopContext.bounds`). */
  bounded: 65536,
  /** On a target's half: not all that it says goes on as it is (`LoopContext.editors`). */
  edited: 131072,
} as const

/** The time in milliseconds as `performance.now` has it, which only goes forward; read once per turn of the loop. */
export interface Clock {
  now: number
}

const none = -1

/** Input dropped at once. */
export const dropBytes = 1024 * 1024

export const clientOf = (slot: number): number => slot << 1
export const targetOf = (slot: number): number => (slot << 1) | 1
export const slotOf = (half: number): number => half >> 1
export const isClient = (half: number): boolean => (half & 1) === 0

export class Sessions {
  readonly table: SessionTable
  /** By half: its socket, or -1. In shared memory, for the main thread to reset them all if the process must end. */
  readonly fd: Int32Array
  /** By half: `Flag`s. */
  readonly flags: Uint32Array
  /** By slot: how often it has been given away. */
  readonly generation: Uint32Array
  /** By slot: when a byte or an end last moved, on the loop's clock. */
  readonly touched: Float64Array
  /** Sockets that sessions have beside their halves. */
  readonly extras: Extras
  /** What sessions count for. */
  readonly places: Places
  /** How many are live. */
  live = 0
  /** Called when a session is about to end, in the state in which it does. */
  onEnd: (slot: number) => void = () => {}

  readonly #clock: Clock
  readonly #wheel: TimerWheel
  readonly #quotas: Quotas
  /** Live sessions of all loops. */
  readonly #liveEverywhere: SharedCount
  readonly #free: Int32Array
  #freeCount = 0
  /** Slots from here on have never been used; their memory has never been touched. */
  #unused = 0
  /** Serials of one loop are so far apart, for those of others to lie between. */
  readonly #step: number
  readonly #peek = new Uint8Array(1)

  constructor(
    table: SessionTable,
    parts: { fd: Int32Array; clock: Clock; wheel: TimerWheel; extras: Extras; places: Places; quotas: Quotas },
    liveEverywhere: SharedCount,
    step: number,
  ) {
    this.table = table
    this.fd = parts.fd
    this.flags = new Uint32Array(table.capacity * 2)
    this.generation = new Uint32Array(table.capacity)
    this.touched = new Float64Array(table.capacity)
    this.#free = new Int32Array(table.capacity)
    this.#clock = parts.clock
    this.#wheel = parts.wheel
    this.extras = parts.extras
    this.places = parts.places
    this.#quotas = parts.quotas
    this.#liveEverywhere = liveEverywhere
    this.#step = step
  }

  /** A session for a client just accepted, from this socket address. The caller has made sure of room. */
  begin(fd: number, from: Uint8Array, entrance: Entrance = Door.socks): number {
    const slot = this.#freeCount > 0 ? this.#free[--this.#freeCount] : this.#unused++
    this.fd[clientOf(slot)] = fd
    // Inherited from the listening socket (tcp(7)).
    this.flags[clientOf(slot)] = Flag.prompt
    this.fd[targetOf(slot)] = none
    this.live++
    this.#liveEverywhere.add(1)

    const { table } = this
    copyMapped(from, table.clientAddress, slot * 16)
    table.clientPort[slot] = portOf(from)
    const serial = table.nextSerial[0]
    table.nextSerial[0] = serial + this.#step
    table.begin(slot, serial, this.#clock.now, entrance)
    return slot
  }

  /** The session comes to another state. */
  enter(slot: number, state: State): void {
    this.table.enter(slot, state, this.#clock.now)
  }

  /** The session has been refused, and lingers for its client to hear it. */
  refuse(slot: number, reason: Reason): void {
    this.table.refuse(slot, reason, this.#clock.now)
  }

  /** Have the session's stage called in so many milliseconds, in place of any other deadline. */
  setDeadline(slot: number, milliseconds: number): void {
    this.#wheel.set(slot, this.#clock.now + milliseconds)
  }

  /** The loop stood still for so many milliseconds: nobody was silent then. */
  stoodStill(milliseconds: number): void {
    this.#wheel.postpone(milliseconds)
    for (let slot = 0; slot < this.#unused; slot++) this.touched[slot] += milliseconds
  }

  /** Counts bytes that have been delivered to the target. */
  countUp(slot: number, count: number): void {
    this.table.deliveredUp(slot, count)
    if (this.flags[clientOf(slot)] & Flag.metered) this.#quotas.spend(this.table.user[slot], count)
  }

  /** Counts bytes that have been delivered to the client. */
  countDown(slot: number, count: number): void {
    this.table.deliveredDown(slot, count)
    if (this.flags[clientOf(slot)] & Flag.metered) this.#quotas.spend(this.table.user[slot], count)
  }

  /**
   * Whether a client waits for nothing any more. It may finish early if it has sent its data already, `rest`, behind its
   * request; one that has sent none is gone.
   */
  isGone(slot: number, rest: Uint8Array): boolean {
    return rest.length === 0 && this.hasLeft(slot)
  }

  /**
   * The client of a session that has no peer yet speaks, or goes. What it says stays in the kernel until then, but who has gone
   * has nothing to wait for. `rest`: as of `isGone`.
   */
  clientWaits(slot: number, events: number, rest: Uint8Array): void {
    if (events & (EPOLLERR | EPOLLHUP)) return this.close(slot, Reason.gone)
    this.note(clientOf(slot), events)
    if (this.isGone(slot, rest)) this.close(slot, Reason.gone)
  }

  /** Whether the client will say nothing more, and all it said has been read. */
  hasLeft(slot: number): boolean {
    const client = clientOf(slot)
    return (this.flags[client] & Flag.finishing) !== 0 && recv(this.fd[client], this.#peek, 1, MSG_PEEK) === 0
  }

  /** Note what an event tells of a half's input. */
  note(half: number, events: number): void {
    const { flags } = this
    if (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) flags[half] |= Flag.readable
    if (events & EPOLLRDHUP) flags[half] |= Flag.finishing
    if (events & EPOLLERR) flags[half] |= Flag.failing
    if (!(events & EPOLLPRI)) return
    this.keepUrgent(half)
    flags[half] |= Flag.urgent
  }

  /** Ahead of a read that may begin at an urgent byte: it would be skipped. Clients inherit this. */
  keepUrgent(half: number): void {
    if (isClient(half) || this.flags[half] & Flag.inStream) return
    keepUrgentInStream(this.fd[half])
    this.flags[half] |= Flag.inStream
  }

  /** A read has come back short: does that prove that the half has nothing more to read for now? */
  shortReadEmpties(half: number): boolean {
    return !(this.flags[half] & (Flag.finishing | Flag.failing | Flag.urgent))
  }

  /** A read has come back short: does that prove that the half's end comes next? */
  shortReadEnds(half: number): boolean {
    return (this.flags[half] & (Flag.finishing | Flag.failing | Flag.urgent)) === Flag.finishing
  }

  /** Whether the slot still belongs to the session that had it in that generation. */
  isCurrent(slot: number, generation: number): boolean {
    return this.generation[slot] === generation && this.table.serial[slot] !== 0
  }

  /** Close the target's socket, if there is one: its dial has failed, or is not wanted any more. */
  closeTarget(slot: number): void {
    this.#closeHalf(targetOf(slot))
  }

  /** End a session with an RST to whoever is still there, so that nobody takes a broken stream for a whole one. */
  reset(slot: number, reason: Reason): void {
    this.#resetOnClose(clientOf(slot))
    this.#resetOnClose(targetOf(slot))
    this.close(slot, reason)
  }

  /** As `reset`, for a client that may still be reading what the kernel has for it, its target's end included. */
  resetTarget(slot: number, reason: Reason): void {
    this.#resetOnClose(targetOf(slot))
    this.close(slot, reason)
  }

  #resetOnClose(half: number): void {
    const fd = this.fd[half]
    if (fd !== none) resetOnClose(fd)
  }

  /** As `close`, for a client whose end has come: nothing follows what the kernel holds, so with that dropped the close is no RST. */
  closeBehindInput(slot: number, reason: Reason): void {
    while (recv(this.fd[clientOf(slot)], null, dropBytes, MSG_TRUNC) > 0);
    this.close(slot, reason)
  }

  /** End a session: give back its descriptors, pipes, deadline and slot. */
  close(slot: number, reason: Reason): void {
    // First: who reads that the session has ended finds nothing listening for it any more.
    this.extras.closeAll(slot)
    this.onEnd(slot)
    this.places.leave(slot, this.#clock.now)
    this.table.end(slot, reason, this.#clock.now)
    this.#closeHalf(clientOf(slot))
    this.#closeHalf(targetOf(slot))
    this.#wheel.clear(slot)
    this.generation[slot]++
    this.#free[this.#freeCount++] = slot
    this.live--
    this.#liveEverywhere.add(-1)
  }

  /** The slots of all live sessions. */
  *slots(): Generator<number> {
    for (let slot = 0; slot < this.#unused; slot++) if (this.table.serial[slot] !== 0) yield slot
  }

  #closeHalf(half: number): void {
    const fd = this.fd[half]
    // Before it is another's: if the loop dies in between, the main thread does not close it again.
    this.fd[half] = none
    if (fd !== none) close(fd)
    this.flags[half] = 0
  }
}
