import { unmapped } from '../../net/address.ts'
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP } from '../../os/epoll.ts'
import { errno, lend, recv, send } from '../../os/libc.ts'
import { type Pipe, type PipePool, pipeBytes, spliceBytes } from '../../os/pipe-pool.ts'
import { finish, MSG_MORE, MSG_NOSIGNAL, MSG_PEEK, setNoDelay } from '../../os/socket.ts'
import { joined } from '../../socks/conversation.ts'
import { Reason, State, Total } from '../session-table.ts'
import { shortHead } from '../shared/long-heads.ts'
import type { LoopContext } from './context.ts'
import { few, type HeldBytes } from './held-bytes.ts'
import type { Pacer } from './pacer.ts'
import { clientOf, Flag, isClient, type Sessions, slotOf, targetOf } from './sessions.ts'
import type { Stage } from './stage.ts'

/**
 * Moves bytes between the two halves of an open session. A direction is named by the half that speaks (`from`).
 * The rule of back-pressure: what `from` has said and its peer cannot take is held, and nothing more is read meanwhile.
 */

/** One buffer serves every copy of this loop. */
const copyBytes = 64 * 1024
/**
 * Bytes that one direction may move before the others have their turn. Long turns cost the least, since both ends are
 * woken less often; short ones are for when somebody with little to say is about, who would wait for their end.
 */
const longTurn = pipeBytes
const shortTurn = 128 * 1024
/** For how long after a small move somebody is taken to be about, in milliseconds. */
const smallMoveLasts = 50
/** Turns taken after which the queue is cut down to those to come. */
const spentTurns = 1024
/** Read of what comes behind all that goes on: more than may be left out. */
const beyondBytes = 16
/** A splice that brings less than this is no bulk. */
const bulkFloor = 16 * 1024

export class Relay implements Stage {
  readonly #loop: LoopContext
  readonly #sessions: Sessions
  readonly #pipes: PipePool
  readonly #held: HeldBytes
  readonly #pacer: Pacer
  readonly #buffer = lend(copyBytes)
  /** By half, what a client sent behind its request and a limit holds back. */
  readonly #early = new Map<number, Uint8Array>()
  /** Halves that wait for their turn, from `#first` on, first come first served. */
  readonly #queue: number[] = []
  #first = 0
  /** When a direction that is not bulk moved bytes last, and when one did that talks. */
  #smallMoveAt = 0
  #talkAt = 0

  constructor(loop: LoopContext, pipes: PipePool, held: HeldBytes, pacer: Pacer) {
    this.#loop = loop
    this.#sessions = loop.sessions
    this.#pipes = pipes
    this.#held = held
    this.#pacer = pacer
    pacer.onDue = (half) => this.#enqueue(half)
  }

  /** Begin, with what the client sent behind its request. */
  begin(slot: number, rest: Uint8Array): void {
    const { table, flags } = this.#sessions
    this.#sessions.enter(slot, State.open)
    table.totals[Total.connected]++
    this.#pacer.watch(slot)
    this.#touch(slot)
    this.#sessions.setDeadline(slot, this.#loop.timeouts.idle)

    const client = clientOf(slot)
    const generation = this.#sessions.generation[slot]
    this.#loop.longHeads.release(slot)
    if (this.#loop.bounds.size > 0 && this.#loop.bounds.has(slot)) flags[client] |= Flag.bounded
    if (this.#loop.editors.size > 0 && this.#loop.editors.has(slot)) flags[targetOf(slot)] |= Flag.edited
    if (rest.length > 0) this.#early.set(client, rest)
    if (rest.length > 0 || flags[client] & Flag.readable) this.#pump(client)
    if (!this.#sessions.isCurrent(slot, generation)) return
    if (flags[targetOf(slot)] & Flag.readable) this.#pump(targetOf(slot))
  }

  /** Act on an epoll event of an open session. */
  onEvent(half: number, events: number): void {
    const { generation } = this.#sessions
    const owner = generation[slotOf(half)]
    if (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
      this.#sessions.note(half, events)
      this.#move(half)
    }
    if (events & EPOLLERR && generation[slotOf(half)] === owner) this.#halfClosed(slotOf(half))
    if (events & EPOLLOUT && generation[slotOf(half)] === owner && this.#held.has(half ^ 1)) this.#move(half ^ 1)
  }

  /** The session's deadline has passed, or the timeouts have changed: it is over, or gets the deadline that is due. */
  onDeadline(slot: number): void {
    const { flags, touched } = this.#sessions
    const either = flags[clientOf(slot)] | flags[targetOf(slot)]
    const { halfClosed, idle } = this.#loop.timeouts
    // Who is kept waiting is not idle, unless it is broken.
    if (either & Flag.parked && !(either & Flag.failing)) this.#touch(slot)
    const limit = either & (Flag.ended | Flag.failing) ? halfClosed : idle
    const left = touched[slot] + limit - this.#loop.clock.now
    if (left > 0) this.#sessions.setDeadline(slot, left)
    else if (either & Flag.failing) this.#sessions.reset(slot, Reason.reset)
    else if (this.#isAllSaidToClient(slot)) this.#sessions.resetTarget(slot, Reason.idle)
    else this.#sessions.reset(slot, Reason.idle)
  }

  /** Whether the kernel has all that the client is to hear, the end too, and nothing of what it said is lost with the session. */
  #isAllSaidToClient(slot: number): boolean {
    return (this.#sessions.flags[targetOf(slot)] & Flag.ended) !== 0 && !this.#held.has(clientOf(slot))
  }

  forget(slot: number): void {
    if (this.#early.size > 0) this.#early.delete(clientOf(slot))
    this.#held.drop(clientOf(slot))
    this.#held.drop(targetOf(slot))
    this.#pacer.forget(slot)
  }

  /** Whether a direction waits for its turn. */
  get busy(): boolean {
    return this.#queue.length > 0
  }

  /** Whether somebody talks, who would wait for whatever else is done between two looks at the events. */
  get isTalking(): boolean {
    return this.#loop.clock.now - this.#talkAt < smallMoveLasts
  }

  /**
   * Give one waiting direction its turn. Bulk only ever moves here, one turn between two looks at the events, so that
   * whoever has little to say waits for one turn at most, and bulk shares what is left.
   */
  takeTurn(): void {
    const half = this.#queue[this.#first++]
    if (half !== undefined && this.#sessions.flags[half] & Flag.queued) {
      this.#sessions.flags[half] &= ~Flag.queued
      this.#pump(half)
    }
    if (this.#first < this.#queue.length && this.#first < spentTurns) return
    this.#queue.splice(0, this.#first)
    this.#first = 0
  }

  /** Move bytes now, or in bulk when its turn comes. */
  #move(half: number): void {
    if (this.#sessions.flags[half] & Flag.bulk) this.#enqueue(half)
    else this.#pump(half)
  }

  /** Move what `from` has to say until it has no more, its peer can take no more, or its turn is over. */
  #pump(from: number): void {
    const { flags } = this.#sessions
    if (flags[from] & Flag.parked) return this.#waits(from)
    if (this.#held.has(from) && !this.#flush(from)) return this.#stuck(from)
    if (this.#early.size > 0 && !this.#sendEarly(from)) return
    for (let moved = 0; flags[from] & Flag.readable; ) {
      if (flags[from ^ 1] & Flag.dead) return
      if (moved >= this.#turnBytes()) return this.#enqueue(from)
      const bulk = flags[from] & Flag.bulk
      const splices = bulk && this.#maySplice(from)
      let want = splices ? this.#turnBytes() : copyBytes
      if (flags[from] & Flag.bounded) want = Math.min(want, this.#leftOf(from))
      if (want === 0) return this.#beyond(from)
      let most = flags[from] & Flag.paced ? this.#pacer.grant(from, want) : want
      if (most === 0) return this.#waits(from)
      // A grant may be more than what was asked for, and what is beyond may not be read.
      if (flags[from] & Flag.bounded) most = Math.min(most, want)
      const count = splices ? this.#splice(from, most) : this.#copy(from, most)
      if (count <= 0) return this.#stuck(from)
      if (!bulk && flags[from] & Flag.bulk) return this.#enqueue(from)
      moved += count
    }
  }

  /** How much of what a client may still say goes on. */
  #leftOf(from: number): number {
    return this.#loop.bounds.get(slotOf(from))?.left ?? 0
  }

  /** All that is to go on has been said: whatever else comes is meant for somebody else, or for nobody. */
  #beyond(from: number): void {
    const bound = this.#loop.bounds.get(slotOf(from))
    for (;;) {
      const result = recv(this.#sessions.fd[from], this.#buffer.at, beyondBytes, 0)
      if (result <= 0) return void this.#noMore(from, result)
      if (!bound?.ignores(this.#buffer.bytes.subarray(0, result)))
        return this.#sessions.reset(slotOf(from), Reason.reset)
    }
  }

  /** How many of these bytes may go on; undefined: some are meant for somebody else, and the session has been ended. */
  #within(from: number, bytes: Uint8Array): number | undefined {
    const slot = slotOf(from)
    const bound = this.#loop.bounds.get(slot)
    const passed = bound?.pass(bytes) ?? 0
    if (passed === bytes.length || bound?.ignores(bytes.subarray(passed))) return passed
    this.#sessions.reset(slot, Reason.reset)
    return undefined
  }

  /** What goes on of what a server has said, of all if that was the last. */
  #edited(from: number, bytes: Uint8Array, isLast: boolean): Uint8Array {
    const slot = slotOf(from)
    const editor = this.#loop.editors.get(slot)
    if (!editor) return bytes
    const edited = editor.edit(bytes)
    if (editor.hasSwitched) this.#unbind(slot)
    const waits = !editor.isOver && !isLast && this.#mayHold(slot, editor.held)
    if (waits) return edited
    this.#forgetEditor(slot)
    return joined(edited, editor.end())
  }

  /** All that the client says goes on from now on. */
  #unbind(slot: number): void {
    this.#sessions.flags[clientOf(slot)] &= ~Flag.bounded
    this.#loop.bounds.delete(slot)
  }

  /** Whether there is memory for a head that has so many bytes by now. */
  #mayHold(slot: number, bytes: number): boolean {
    const { clientAddress } = this.#sessions.table
    const client = clientAddress.subarray(slot * 16, slot * 16 + 16)
    return bytes <= shortHead || this.#loop.longHeads.take(slot, unmapped(client))
  }

  /** The server ends in the middle of its head: that goes on as it is. False if the client cannot take it now. */
  #endEdited(from: number): boolean {
    const rest = this.#loop.editors.get(slotOf(from))?.end()
    this.#forgetEditor(slotOf(from))
    return !rest || rest.length === 0 || this.#write(from, rest, rest.length) > 0
  }

  #forgetEditor(slot: number): void {
    this.#sessions.flags[targetOf(slot)] &= ~Flag.edited
    this.#loop.editors.delete(slot)
    this.#loop.longHeads.release(slot)
  }

  /** Bytes that are spliced cannot be looked at; what is not spliced has its turns all the same. */
  #maySplice(from: number): boolean {
    const flags = this.#sessions.flags[from]
    if (flags & (Flag.edited | Flag.urgent)) return false
    return !(flags & Flag.bounded) || (this.#loop.bounds.get(slotOf(from))?.isCounted ?? false)
  }

  /** `from` has no credit. Its end, or its error, costs none once all that it said before has been read. */
  #waits(from: number): void {
    const { fd, flags } = this.#sessions
    if (!(flags[from] & (Flag.finishing | Flag.failing)) || this.#early.has(from)) return
    if (flags[from] & Flag.dead) return this.#sessions.reset(slotOf(from), Reason.reset)
    const result = recv(fd[from], this.#buffer.at, 1, MSG_PEEK)
    if (result > 0 || result === -errno.EAGAIN) return
    this.#pacer.giveUp(from)
    this.#noMore(from, result)
  }

  /** Write what a client sent behind its request, if a limit lets it. False if the direction cannot go on now. */
  #sendEarly(from: number): boolean {
    const early = this.#early.get(from)
    if (!early) return true
    const { flags } = this.#sessions
    const isPaced = flags[from] & Flag.paced
    const granted = isPaced ? this.#pacer.grant(from, early.length) : early.length
    if (granted === 0) return false
    const count = Math.min(granted, early.length)
    const isLast = count === early.length
    if (isPaced) this.#pacer.used(from, granted, count, !isLast || (flags[from] & Flag.readable) !== 0)
    if (isLast) this.#early.delete(from)
    else this.#early.set(from, early.subarray(count))
    return this.#write(from, early, count) > 0 && this.#sendEarly(from)
  }

  #turnBytes(): number {
    return this.#loop.clock.now - this.#smallMoveAt < smallMoveLasts ? shortTurn : longTurn
  }

  /** Read `most` bytes into memory and write on; returns the bytes moved, or 0 if the direction cannot go on now. */
  #copy(from: number, most: number): number {
    const { fd, flags } = this.#sessions
    const count = recv(fd[from], this.#buffer.at, Math.min(most, copyBytes), 0)
    const short = count < Math.min(most, copyBytes)
    if (flags[from] & Flag.paced) this.#pacer.used(from, most, Math.max(count, 0), !short)
    if (count <= 0) return this.#noMore(from, count)
    const within = flags[from] & Flag.bounded ? this.#within(from, this.#buffer.bytes.subarray(0, count)) : count
    if (within === undefined) return 0
    if (short) this.#movesLittle(from)
    // The next read comes before the next look at the events, which would tell of an urgent byte.
    else this.#sessions.keepUrgent(from)
    if (short) flags[from] &= ~Flag.bulk
    if (short && this.#sessions.shortReadEmpties(from)) flags[from] &= ~Flag.readable
    else if (!short && count >= bulkFloor) flags[from] |= Flag.bulk
    // The last bytes wait for the end that follows at once, and travel in its packet.
    const last = short && this.#sessions.shortReadEnds(from)
    const isEdited = flags[from] & Flag.edited
    const bytes = isEdited ? this.#edited(from, this.#buffer.bytes.subarray(0, count), last) : this.#buffer.bytes
    const length = isEdited ? bytes.length : within
    // Nothing is to go on yet: the rest of a head is waited for.
    if (length > 0 && this.#write(from, bytes, length, last ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL) === 0) return 0
    if (last) this.#ended(from)
    return count
  }

  #movesLittle(from: number): void {
    const { flags } = this.#sessions
    this.#smallMoveAt = this.#loop.clock.now
    if (isClient(from) && flags[from ^ 1] & Flag.spokenTo) {
      flags[from] |= Flag.talks
      flags[from ^ 1] |= Flag.talks
    }
    if (flags[from] & Flag.talks) this.#talkAt = this.#loop.clock.now
  }

  /** Write `count` bytes of `from`'s to its peer and hold what it cannot take; returns `count`, or 0 if it took less. */
  #write(from: number, bytes: Uint8Array, count: number, flags = MSG_NOSIGNAL): number {
    this.#beforeWriting(from ^ 1)
    const memory = bytes === this.#buffer.bytes ? this.#buffer.at : bytes
    const sent = send(this.#sessions.fd[from ^ 1], memory, count, flags)
    if (sent < 0 && sent !== -errno.EAGAIN) return this.#broken(from ^ 1)
    if (sent > 0) this.#delivered(from, sent)
    if (sent === count) return count
    this.#held.hold(from, bytes.slice(Math.max(sent, 0), count))
    return 0
  }

  /** Read into a pipe and write on from there, without the bytes coming to us; returns as `#copy` does. */
  #splice(from: number, most: number): number {
    const { fd, flags } = this.#sessions
    const pipe = this.#pipes.acquire()
    if (!pipe) {
      flags[from] &= ~Flag.bulk
      return this.#copy(from, most)
    }
    const fitting = this.#held.mayHoldPipe(from) ? most : Math.min(most, few)
    const count = spliceBytes(fd[from], pipe.writeEnd, fitting)
    // It is the end, or an urgent byte with an end behind it, of which no event has told yet: only a read goes past that.
    if (count === 0) {
      this.#pipes.release(pipe, true)
      flags[from] &= ~Flag.bulk
      return this.#copy(from, most)
    }
    if (flags[from] & Flag.paced) this.#pacer.used(from, most, Math.max(count, 0), count > 0)
    if (count < 0) {
      this.#pipes.release(pipe, true)
      return this.#noMore(from, count)
    }
    if (flags[from] & Flag.bounded) this.#loop.bounds.get(slotOf(from))?.count(count)
    if (count < bulkFloor) flags[from] &= ~Flag.bulk
    return this.#drain(from, pipe, count) ? count : 0
  }

  /** Write on what the pipe holds; what the peer cannot take stays there. True if the pipe is empty. */
  #drain(from: number, pipe: Pipe, length: number): boolean {
    this.#beforeWriting(from ^ 1)
    let left = length
    while (left > 0) {
      const sent = spliceBytes(pipe.readEnd, this.#sessions.fd[from ^ 1], left)
      if (sent > 0) {
        this.#delivered(from, sent)
        left -= sent
      } else if (sent === -errno.EAGAIN) {
        this.#held.holdPipe(from, pipe, left)
        return false
      } else {
        this.#pipes.release(pipe, false)
        this.#broken(from ^ 1)
        return false
      }
    }
    this.#pipes.release(pipe, true)
    return true
  }

  /** Write on what `from`'s peer could not take before. True if nothing is left, and the direction may go on. */
  #flush(from: number): boolean {
    const waiting = this.#held.take(from)
    if (!waiting) return true
    return waiting.kind === 'pipe'
      ? this.#drain(from, waiting.pipe, waiting.length)
      : this.#write(from, waiting.bytes, waiting.bytes.length) > 0
  }

  /** A read brought nothing: not now, never again, or an error. */
  #noMore(from: number, result: number): 0 {
    const { flags } = this.#sessions
    if (result === -errno.EAGAIN) flags[from] &= ~Flag.readable
    else if (result === 0) {
      if (flags[from] & Flag.edited && !this.#endEdited(from)) return 0
      this.#ended(from)
    } else this.#sessions.reset(slotOf(from), Reason.reset)
    return 0
  }

  /** `from` has said all: pass its end on, or close if the other side has ended too. */
  #ended(from: number): void {
    const { fd, flags } = this.#sessions
    const to = from ^ 1
    flags[from] = (flags[from] & ~Flag.readable) | Flag.ended
    if (flags[from] & Flag.dead) return this.#sessions.reset(slotOf(from), Reason.reset)
    if (flags[to] & Flag.ended) return this.#sessions.close(slotOf(from), Reason.finished)
    finish(fd[to])
    this.#halfClosed(slotOf(from))
  }

  /** One side has finished, or is broken and has said things that the other has not read yet: that has its own time. */
  #halfClosed(slot: number): void {
    this.#touch(slot)
    this.#sessions.setDeadline(slot, this.#loop.timeouts.halfClosed)
  }

  /** A direction cannot go on now. If `from` takes no more bytes, its peer, who writes some, is told at once. */
  #stuck(from: number): void {
    if (this.#sessions.flags[from] & Flag.dead && this.#held.has(from)) this.#sessions.reset(slotOf(from), Reason.reset)
  }

  /** `half` takes no more bytes. What it has said before still goes to its peer; then the session is reset. */
  #broken(half: number): 0 {
    const { flags } = this.#sessions
    if (flags[half ^ 1] & Flag.dead) {
      this.#sessions.reset(slotOf(half), Reason.reset)
    } else {
      flags[half] |= Flag.dead | Flag.readable | Flag.failing
      this.#enqueue(half)
    }
    return 0
  }

  #enqueue(half: number): void {
    const { flags } = this.#sessions
    if (flags[half] & Flag.queued) return
    flags[half] |= Flag.queued
    this.#queue.push(half)
  }

  /** Nagle's algorithm delays no first write, so it is turned off only before the second: many sessions have none. */
  #beforeWriting(to: number): void {
    const { fd, flags } = this.#sessions
    if (flags[to] & Flag.prompt) return
    if (flags[to] & Flag.spokenTo) {
      setNoDelay(fd[to])
      flags[to] |= Flag.prompt
    }
    flags[to] |= Flag.spokenTo
  }

  #delivered(from: number, count: number): void {
    const slot = slotOf(from)
    if (isClient(from)) this.#sessions.countUp(slot, count)
    else this.#sessions.countDown(slot, count)
    this.#touch(slot)
  }

  #touch(slot: number): void {
    this.#sessions.touched[slot] = this.#loop.clock.now
  }
}
