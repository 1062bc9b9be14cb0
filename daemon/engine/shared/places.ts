import { unmapped } from '../../net/address.ts'
import { contains, type Network } from '../../net/network.ts'
import { Reason } from '../session-table.ts'
import { eachSource, LimitLines, RefusingLimit } from './limit-lines.ts'
import { holderOf, Shares } from './shares.ts'
import { noLine, type SourceLines, sourceLasts } from './source-lines.ts'

/** Flags of a session. */
const countsForUser = 1
/** Of so many connections there may be, the last tenth is for those who have less than a quarter of all. */
const fewestShared = 100
/** Milliseconds for which the kernel remembers a connection (TIME_WAIT of RFC 9293, section 3.3.2), and its port is not free. */
const timeWait = 60_000

/** Connections of all loops together: how many there are, and may be. */
export interface Room {
  readonly live: { readonly value: number }
  readonly most: number
  /** BINDs that have a port, or had one lately. */
  readonly binds: { readonly value: number; add(change: number): void }
  readonly mostBinds: number
  readonly loops: number
}

/** A user's source without connections, which counts until its time is over. */
interface Leaving {
  readonly user: number
  readonly owner: number
  readonly left: number
}

/**
 * What the sessions of one loop take of what their users and sources may have: each counts once, remembers what it counts
 * for, and is released once, when it closes. Loops count in shared memory, and a refusal counts nothing.
 */
export class Places {
  readonly #room: Room
  readonly #lines: LimitLines
  readonly #sources: SourceLines
  /** By slot: the line of its source, and of its user's source, plus one; 0 for none. */
  readonly #source: Int32Array
  readonly #userSource: Int32Array
  /** By slot: flags, and whom it counts for. */
  readonly #flags: Uint8Array
  readonly #user: Uint16Array
  /** By slot of those that are BINDs, whose they are (see `Shares`). */
  readonly #binds = new Map<number, string>()
  readonly #bindShares: Shares
  /** Those that are over, in their order. */
  readonly #bindsOver: { readonly holder: string; readonly at: number }[] = []
  /** By line, in the order in which they left last. */
  readonly #leaving = new Map<number, Leaving>()

  /** `capacity`: how many slots there are. `memory`: of `Places.memory`, for another thread to see what sessions count for. */
  constructor(
    capacity: number,
    room: Room,
    lines: LimitLines,
    sources: SourceLines,
    memory: SharedArrayBuffer = Places.memory(capacity),
  ) {
    this.#room = room
    this.#lines = lines
    this.#sources = sources
    this.#source = new Int32Array(memory, 0, capacity)
    this.#userSource = new Int32Array(memory, 4 * capacity, capacity)
    this.#user = new Uint16Array(memory, 8 * capacity, capacity)
    this.#flags = new Uint8Array(memory, 10 * capacity, capacity)
    this.#bindShares = new Shares(room.loops)
  }

  static memory(capacity: number): SharedArrayBuffer {
    return new SharedArrayBuffer(11 * capacity)
  }

  /** Whether those who have many get no more, so that others find room. */
  get isShort(): boolean {
    const { live, most } = this.#room
    return live.value > most * 0.9 && most >= fewestShared
  }

  /**
   * A client has come from this address (16 bytes at `slot * 16`). Why it cannot stay, if it cannot; one that `mayAlways` can,
   * however many have.
   */
  arrive(slot: number, addresses: Uint8Array, now: number, mayAlways = false): Reason | undefined {
    const line = this.#sources.enter(addresses, slot * 16, now)
    this.#source[slot] = line + 1
    if (mayAlways) return undefined
    const most = this.#lines.maxConnections(eachSource)
    if (most !== undefined && this.#sources.live(line) > most)
      return this.#refusedSource(slot, RefusingLimit.maxConnections, Reason.limitSource)
    const rate = this.#lines.connectRate(eachSource)
    if (rate > 0 && !this.#sources.isWithin(line, rate, now))
      return this.#refusedSource(slot, RefusingLimit.connectRate, Reason.rate)
    return undefined
  }

  /**
   * The client has logged in as this user, or without a login (0), and asks for something. Why it cannot have anything, if
   * it cannot. `networks`: where the user may come from, if not from everywhere.
   */
  admit(
    slot: number,
    user: number,
    networks: readonly Network[] | undefined,
    addresses: Uint8Array,
    now: number,
  ): Reason | undefined {
    const barred = this.#lines.barred(user)
    if (barred !== undefined)
      return this.#refused(user, barred === Reason.expired ? RefusingLimit.expires : RefusingLimit.quota, barred)
    if (!isWithin(networks, addresses, slot)) return this.#refused(user, RefusingLimit.sources, Reason.sources)
    const most = this.#lines.maxSources(user)
    // Of users without a limit nobody asks where they come from.
    if (most !== undefined && !this.#enterSource(slot, user, addresses, now, most))
      return this.#refused(user, RefusingLimit.maxSources, Reason.sources)
    if (this.isShort && this.#hasMany(slot, user)) return this.#refusedForOthers(slot, user)
    if (!this.#lines.enter(user)) return this.#refused(user, RefusingLimit.maxConnections, Reason.limitUser)
    this.#user[slot] = user
    this.#flags[slot] |= countsForUser
    return undefined
  }

  /** The session is about to listen for the peer of its BIND: whether it may. If so, it counts as long as its port may be in use. */
  bind(slot: number, user: number, addresses: Uint8Array): boolean {
    const { binds, mostBinds, most, live } = this.#room
    // Its own place is not left to anybody.
    const left = Math.min(mostBinds - binds.value, most - live.value + 1)
    const holder = holderOf(user, unmapped(addresses.subarray(slot * 16, slot * 16 + 16)))
    if (!this.#bindShares.isFree(holder, left)) return false
    binds.add(1)
    this.#bindShares.take(holder)
    this.#binds.set(slot, holder)
    return true
  }

  /** The session is over. */
  leave(slot: number, now: number): void {
    const source = this.#source[slot] - 1
    const userSource = this.#userSource[slot] - 1
    const isUsers = (this.#flags[slot] & countsForUser) !== 0
    // Before anything is given back: if the loop dies in between, the main thread does not do so again.
    this.#source[slot] = 0
    this.#userSource[slot] = 0
    this.#flags[slot] = 0
    if (source !== noLine) this.#sources.leave(source, now)
    if (userSource !== noLine && this.#sources.leave(userSource, now)) {
      this.#leaving.delete(userSource)
      const user = this.#user[slot]
      this.#leaving.set(userSource, { user, owner: this.#lines.ownerOf(user), left: now })
    }
    if (isUsers) this.#lines.leave(this.#user[slot])
    const holder = this.#binds.size > 0 ? this.#binds.get(slot) : undefined
    if (holder !== undefined && this.#binds.delete(slot)) this.#bindsOver.push({ holder, at: now })
  }

  /** The line of the session's source, from its arrival on. */
  sourceOf(slot: number): number {
    return this.#source[slot] - 1
  }

  /** A rule has refused a client without a login something: those are told apart by where they come from. */
  forbid(slot: number, rule: number): void {
    this.#sources.forbid(this.sourceOf(slot), rule)
  }

  /** Forget what was left for long: sources by their users, and ports by BINDs. */
  sweep(now: number): void {
    if (this.#bindsOver.length > 0) this.#forgetBinds(now)
    if (this.#leaving.size === 0) return
    for (const [line, { user, owner, left }] of this.#leaving) {
      if (now - left < sourceLasts) return
      this.#leaving.delete(line)
      this.#sources.free(
        line,
        left,
        owner,
        () => this.#lines.ownerOf(user) === owner && this.#lines.countSource(user, -1),
      )
    }
  }

  /** Another loop has died: what was left there, users' sources, is to be forgotten here. */
  adopt(): void {
    for (const { line, owner, left } of this.#sources.leftByUsers())
      this.#leaving.set(line, { user: LimitLines.lineOf(owner), owner, left })
  }

  /** The limits have changed: one of how many sources a user may come from counts those that are there already. */
  limitsChanged(slot: number, addresses: Uint8Array, now: number): void {
    const user = this.#user[slot]
    const isCounted = this.#userSource[slot] > 0 || (this.#flags[slot] & countsForUser) === 0
    if (!isCounted && this.#lines.maxSources(user) !== undefined)
      this.#enterSource(slot, user, addresses, now, Number.POSITIVE_INFINITY)
  }

  /** Whether the user, or without a login the source, has a quarter of all connections there may be. */
  #hasMany(slot: number, user: number): boolean {
    const held = user > 0 ? this.#lines.live(user) : this.#sources.live(this.sourceOf(slot)) - 1
    return held >= this.#room.most / 4
  }

  #enterSource(slot: number, user: number, addresses: Uint8Array, now: number, most: number): boolean {
    let isNew = false
    const line = this.#sources.enterAs(this.#lines.ownerOf(user), addresses, slot * 16, now, () => {
      isNew = this.#lines.sources(user) < most
      if (isNew) this.#lines.countSource(user, 1)
      return isNew
    })
    if (line === undefined) return false
    if (line === noLine) {
      // Who cannot be counted may not come.
      this.#lines.countSource(user, -1)
      return false
    }
    this.#user[slot] = user
    this.#userSource[slot] = line + 1
    return true
  }

  #forgetBinds(now: number): void {
    const first = this.#bindsOver.findIndex(({ at }) => now - at < timeWait)
    for (const { holder } of this.#bindsOver.splice(0, first < 0 ? this.#bindsOver.length : first)) {
      this.#bindShares.give(holder)
      this.#room.binds.add(-1)
    }
  }

  #refusedForOthers(slot: number, user: number): Reason {
    if (user > 0) return this.#refused(user, RefusingLimit.share, Reason.limitUser)
    return this.#refusedSource(slot, RefusingLimit.share, Reason.limitSource)
  }

  #refusedSource(slot: number, by: RefusingLimit, reason: Reason): Reason {
    this.#sources.refuse(this.sourceOf(slot), by)
    return this.#refused(eachSource, by, reason)
  }

  #refused(line: number, by: RefusingLimit, reason: Reason): Reason {
    this.#lines.refuse(line, by)
    return reason
  }
}

/** Whether a client's address, 16 bytes at `slot * 16`, is in one of these networks, or may be any. */
export function isWithin(networks: readonly Network[] | undefined, addresses: Uint8Array, slot: number): boolean {
  if (!networks) return true
  const client = unmapped(addresses.subarray(slot * 16, slot * 16 + 16))
  return networks.some((network) => contains(network, client))
}
