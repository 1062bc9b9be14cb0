import type { Epoll } from '../../os/epoll.ts'
import { close, errno } from '../../os/libc.ts'
import type { Register } from '../../os/pipe-pool.ts'
import { Shares } from '../shared/shares.ts'
import type { SharedCount } from './shared-counts.ts'

/** A socket of a session beside its two halves: a dial beside another, a way to send datagrams. */
export interface Extra {
  readonly fd: number
  readonly slot: number
  /** Tells its events from those of a former owner of the descriptor. */
  readonly generation: number
  /** Whose it is, if no room was reserved for it. */
  readonly holder: string | undefined
}

/** Epoll keys from here on are those of extras: this, and the descriptor. Halves and listeners have smaller ones. */
export const firstExtraKey = 0x8000_0000

/** How many there are in all loops together, and may be. */
export interface ExtraRoom {
  readonly count: SharedCount
  readonly most: number
  readonly loops: number
}

/** The extra sockets of a loop's sessions. `Sessions` has them closed with the session, whatever it ends for. */
export class Extras {
  readonly #epoll: Epoll
  readonly #room: ExtraRoom
  readonly #register: Register
  readonly #byFd = new Map<number, Extra>()
  readonly #bySlot = new Map<number, Set<Extra>>()
  /** By slot: how many more it will have, which count already. */
  readonly #reserved = new Map<number, number>()
  #lastGeneration = 0
  /** Of those that no room was reserved for. */
  readonly #shares: Shares

  constructor(epoll: Epoll, room: ExtraRoom, register: Register) {
    this.#epoll = epoll
    this.#room = room
    this.#register = register
    this.#shares = new Shares(room.loops)
  }

  /**
   * Make a socket the session's, and watch it for these events. Returns 0 or a negated errno, EMFILE if there is no room,
   * after which the socket is closed; one that is not there, itself such an errno, is passed on. The last quarter of the
   * room is for those that have reserved it, and the rest is shared out by `holder` (see `Shares`).
   */
  add(slot: number, fd: number, events: number, holder: string): number {
    if (fd < 0) return fd
    this.#lastGeneration = (this.#lastGeneration + 1) >>> 0
    const isReserved = this.#takeReserved(slot)
    const extra = { fd, slot, generation: this.#lastGeneration, holder: isReserved ? undefined : holder }
    const room = isReserved || this.#takeSpare(holder)
    const result = room ? this.#epoll.add(fd, events, firstExtraKey + fd, extra.generation) : -errno.EMFILE
    if (result < 0) {
      if (room) this.#room.count.add(-1)
      close(fd)
      return result
    }
    const own = this.#bySlot.get(slot)
    if (own) own.add(extra)
    else this.#bySlot.set(slot, new Set([extra]))
    this.#byFd.set(fd, extra)
    if (!isReserved) this.#shares.take(holder)
    this.#register.add(fd)
    return 0
  }

  /** How many more there may be, all loops together. */
  get left(): number {
    return this.#room.most - this.#room.count.value
  }

  /** Keep room for so many that the session, which has none reserved, will add; false if there is not as much. */
  reserve(slot: number, count: number): boolean {
    const isRoom = this.#take(count, this.#room.most)
    if (isRoom) this.#reserved.set(slot, count)
    return isRoom
  }

  /** The session's extra that was added first. */
  oldest(slot: number): number | undefined {
    const [first] = this.#bySlot.get(slot) ?? []
    return first?.fd
  }

  /** Watch one for other events from now on. */
  watch(fd: number, events: number): void {
    const extra = this.#byFd.get(fd)
    if (extra) this.#epoll.modify(fd, events, firstExtraKey + fd, extra.generation)
  }

  /** Whom an event with this key concerns, if it still concerns anybody. */
  find(key: number, generation: number): Extra | undefined {
    const extra = this.#byFd.get(key - firstExtraKey)
    return extra?.generation === generation ? extra : undefined
  }

  /** The socket is no extra any more, but is not closed: the caller makes it one of the session's halves. */
  release(fd: number): void {
    const extra = this.#byFd.get(fd)
    if (!extra) return
    this.#byFd.delete(fd)
    if (extra.holder !== undefined) this.#shares.give(extra.holder)
    this.#register.delete(fd)
    this.#room.count.add(-1)
    const own = this.#bySlot.get(extra.slot)
    own?.delete(extra)
    if (own?.size === 0) this.#bySlot.delete(extra.slot)
  }

  /** Close one. */
  close(fd: number): void {
    if (!this.#byFd.has(fd)) return
    this.release(fd)
    close(fd)
  }

  /** Close all that a session has, and give back what it has reserved. */
  closeAll(slot: number): void {
    if (this.#reserved.size > 0) {
      this.#room.count.add(-(this.#reserved.get(slot) ?? 0))
      this.#reserved.delete(slot)
    }
    if (this.#bySlot.size === 0) return
    for (const { fd } of this.#bySlot.get(slot) ?? []) this.close(fd)
  }

  #takeSpare(holder: string): boolean {
    const most = Math.ceil((this.#room.most * 3) / 4)
    return this.#shares.isFree(holder, most - this.#room.count.value) && this.#take(1, most)
  }

  #take(count: number, most: number): boolean {
    const isRoom = this.#room.count.add(count) <= most
    if (!isRoom) this.#room.count.add(-count)
    return isRoom
  }

  #takeReserved(slot: number): boolean {
    const left = this.#reserved.get(slot) ?? 0
    if (left > 0) this.#reserved.set(slot, left - 1)
    return left > 0
  }
}
