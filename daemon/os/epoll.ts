import { arch } from 'node:process'
import * as libc from './libc.ts'

/** An epoll instance (epoll(7)) whose events carry two 32-bit words of the caller's: a key and a generation. */

export const EPOLLIN = 0x1
/** Urgent data. */
export const EPOLLPRI = 0x2
export const EPOLLOUT = 0x4
export const EPOLLERR = 0x8
export const EPOLLHUP = 0x10
export const EPOLLRDHUP = 0x2000
export const EPOLLET = 0x80000000

const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLL_CTL_MOD = 3
const EPOLL_CLOEXEC = 0o2000000

/** struct epoll_event is packed on x86-64 only: 12 bytes there, 16 elsewhere, in 32-bit words. */
const packed = arch === 'x64'
const eventWords = packed ? 3 : 4
const dataWord = packed ? 1 : 2

const POLLIN = 1
/** struct timespec: 10 µs, to which the kernel adds a thread's timer slack, 50 µs (prctl(2), PR_SET_TIMERSLACK). */
const moment = Int32Array.of(0, 0, 10_000, 0)

export class Epoll {
  readonly fd: number
  readonly #events: Uint32Array
  readonly #eventsAt: bigint
  readonly #change: Uint32Array
  readonly #changeAt: bigint
  /** struct pollfd, of the instance itself. */
  readonly #poll = new Int32Array(2)

  /** `capacity`: how many events one wait may bring. */
  constructor(capacity: number) {
    this.fd = libc.epollCreate1(EPOLL_CLOEXEC)
    if (this.fd < 0) throw new Error(`epoll_create1: errno ${-this.fd}`)
    this.#poll.set([this.fd, POLLIN])
    const [events, change] = [libc.lend(capacity * eventWords * 4), libc.lend(4 * 4)]
    this.#events = new Uint32Array(events.bytes.buffer)
    this.#eventsAt = events.at
    this.#change = new Uint32Array(change.bytes.buffer)
    this.#changeAt = change.at
  }

  /** Watch a descriptor; closing it ends the watch. Returns 0 or a negated errno. */
  add(fd: number, events: number, key: number, generation: number): number {
    return this.#control(EPOLL_CTL_ADD, fd, events, key, generation)
  }

  /** Watch for other events from now on. */
  modify(fd: number, events: number, key: number, generation: number): number {
    return this.#control(EPOLL_CTL_MOD, fd, events, key, generation)
  }

  /** Watch no longer: closing does not end the watch of what another process has open, too. */
  remove(fd: number): number {
    return this.#control(EPOLL_CTL_DEL, fd, 0, 0, 0)
  }

  /** Wait at most `milliseconds` (0: not at all); returns how many events there are. */
  wait(milliseconds: number): number {
    const count = libc.epollWait(this.fd, this.#eventsAt, this.#events.length / eventWords, milliseconds)
    return count < 0 ? 0 : count
  }

  /** As `wait`, for about 60 µs: epoll_wait(2) knows whole milliseconds only. */
  waitAMoment(): number {
    return libc.ppoll(this.#poll, 1, moment, null) === 0 ? 0 : this.wait(0)
  }

  events(index: number): number {
    return this.#events[index * eventWords]
  }

  /** The event has been acted on: it has no `events` any more. */
  drop(index: number): void {
    this.#events[index * eventWords] = 0
  }

  key(index: number): number {
    return this.#events[index * eventWords + dataWord]
  }

  generation(index: number): number {
    return this.#events[index * eventWords + dataWord + 1]
  }

  close(): void {
    libc.close(this.fd)
  }

  #control(operation: number, fd: number, events: number, key: number, generation: number): number {
    this.#change[0] = events
    this.#change[dataWord] = key
    this.#change[dataWord + 1] = generation
    return libc.epollCtl(this.fd, operation, fd, this.#changeAt)
  }
}
