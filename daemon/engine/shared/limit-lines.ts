/**
 * What users may use, and use now, in shared memory: a line for each, which the control plane writes the limits of, and the
 * loops what is used. Loops never ask the main thread whether somebody may go on.
 *
 * Each direction has a bucket (`Buckets`), which is in force while its rate is above 0.
 */

import { Reason } from '../session-table.ts'
import { Buckets, bucketWords } from './buckets.ts'

/** Words of 32 bits of a line, two lines of the processor's cache; each is read and written by Atomics. */
const lineWords = 32

/** Places in a line. Of `maxConnections` and `maxSources` one more than the limit, 0 for none. */
const Word = {
  group: 0,
  /** Why they may not come at all, as a `Reason` plus one; 0: they may. */
  barred: 1,
  maxConnections: 2,
  live: 3,
  maxSources: 4,
  sources: 5,
  hasQuota: 6,
  /** What is left of the quota, in KiB. */
  quota: 7,
  /** Connections a second, 0 for no limit. */
  connectRate: 9,
  /** Bytes a second, 0 for no limit; by direction. */
  rate: 10,
  /** The rate both ways once the quota is used up; 0: their connections end. */
  over: 12,
  /** How often it has begun from nothing. */
  generation: 13,
  /** Live connections in processes that have made way for this one. */
  elsewhere: 14,
  /** Two buckets, by direction. */
  bucket: 16,
} as const

/**
 * The limits that refuse somebody a connection: places in a line, too, where it is counted how often each did. `share`: what
 * whoever has much leaves to others; `connectRate`: of `eachSource` only.
 */
export const RefusingLimit = {
  share: 8,
  maxConnections: 26,
  maxSources: 27,
  sources: 28,
  quota: 29,
  expires: 30,
  connectRate: 31,
} as const
export type RefusingLimit = (typeof RefusingLimit)[keyof typeof RefusingLimit]
const refusingLimits = Object.values(RefusingLimit)

export const Direction = { up: 0, down: 1 } as const
export type Direction = (typeof Direction)[keyof typeof Direction]

/** A rate that two loops cannot reach is none. */
const highestRate = 2 ** 31 - 1

/** Lines of users stand at their index, 0 for clients without a login; behind them the one of everybody together. */
export const everybody = 65_536
/** Behind that, the line of each source by itself, which has limits only: what is used stands in `SourceLines`. */
export const eachSource = everybody + 1
const lineCount = eachSource + 1
/** Of `ownerOf`: lines are below it, generations its multiples. */
const ownerGeneration = 1 << 17
/** Behind the lines. */
const usedUpAt = lineCount * lineWords
/** Behind that, by limit: how often it has refused somebody, whoever it was. */
const refusedAt = usedUpAt + 1

/** Limits of one line, where `undefined` is none. Rates in bytes a second. */
export interface LineLimits {
  readonly group: number
  readonly rateUp: number | undefined
  readonly rateDown: number | undefined
  readonly maxConnections: number | undefined
  readonly maxSources: number | undefined
  /** The rate both ways for who has used up a quota; connections end then without one. */
  readonly over?: number | undefined
  /** Connections a second, from 1 on; of `eachSource` only. */
  readonly connectRate?: number | undefined
}

/** Memory for all lines; of those that nobody has touched the kernel keeps none. */
export function limitLineMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (refusedAt + lineWords))
}

export class LimitLines {
  readonly buckets: Buckets
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
    this.buckets = new Buckets(this.#words)
  }

  /** Sets a line's limits; what is used stays. Who waits for credit looks again within a tick of the loops. */
  set(line: number, limits: LineLimits): void {
    const at = line * lineWords
    Atomics.store(this.#words, at + Word.group, limits.group)
    Atomics.store(
      this.#words,
      at + Word.maxConnections,
      limits.maxConnections === undefined ? 0 : limits.maxConnections + 1,
    )
    Atomics.store(this.#words, at + Word.maxSources, limits.maxSources === undefined ? 0 : limits.maxSources + 1)
    Atomics.store(this.#words, at + Word.over, Math.min(limits.over ?? 0, highestRate))
    Atomics.store(this.#words, at + Word.connectRate, limits.connectRate ?? 0)
    this.#setRate(line, Direction.up, limits.rateUp ?? 0)
    this.#setRate(line, Direction.down, limits.rateDown ?? 0)
  }

  /** Starts a line from nothing, for its index's next owner. Its live connections are over by then. */
  clear(line: number): void {
    const at = line * lineWords
    const generation = this.#words[at + Word.generation] + 1
    for (let i = 0; i < lineWords; i++) Atomics.store(this.#words, at + i, i === Word.generation ? generation : 0)
  }

  /** Whose line an `ownerOf` is of. */
  static lineOf(owner: number): number {
    return owner & (ownerGeneration - 1)
  }

  /** Tells a user from those who had the index before: what lingers of theirs is not this one's. */
  ownerOf(line: number): number {
    return line | (Atomics.load(this.#words, line * lineWords + Word.generation) * ownerGeneration)
  }

  groupOf(line: number): number {
    return this.#words[line * lineWords + Word.group]
  }

  /** Bytes a second, 0 for no limit. */
  rate(line: number, direction: Direction): number {
    const at = line * lineWords
    const rate = this.#words[at + Word.rate + direction]
    const over = this.#words[at + Word.over]
    if (over === 0 || !this.#isUsedUp(line)) return rate
    return rate === 0 ? over : Math.min(rate, over)
  }

  /** Where the bucket stands among `buckets`. */
  bucketAt(line: number, direction: Direction): number {
    return line * lineWords + Word.bucket + bucketWords * direction
  }

  /** Counts a connection; false, and it does not count, if there are as many as may be. */
  enter(line: number): boolean {
    const at = line * lineWords
    const most = this.#words[at + Word.maxConnections]
    const live = Atomics.add(this.#words, at + Word.live, 1) + 1
    if (most === 0 || live + Atomics.load(this.#words, at + Word.elsewhere) < most) return true
    Atomics.sub(this.#words, at + Word.live, 1)
    return false
  }

  leave(line: number): void {
    Atomics.sub(this.#words, line * lineWords + Word.live, 1)
  }

  /** In this process. */
  live(line: number): number {
    return Atomics.load(this.#words, line * lineWords + Word.live)
  }

  /** Sets how many there are in processes that have made way for this one. */
  setElsewhere(line: number, connections: number): void {
    Atomics.store(this.#words, line * lineWords + Word.elsewhere, connections)
  }

  /** Those that count against the limit: `live`, and in processes that have made way for this one. */
  connections(line: number): number {
    return this.live(line) + Atomics.load(this.#words, line * lineWords + Word.elsewhere)
  }

  /** Connections that there may be; undefined without a limit. */
  maxConnections(line: number): number | undefined {
    return limitAt(this.#words[line * lineWords + Word.maxConnections])
  }

  /** Sources that connections may come from; undefined without a limit. */
  maxSources(line: number): number | undefined {
    return limitAt(this.#words[line * lineWords + Word.maxSources])
  }

  /** Connections a second, 0 for no limit. */
  connectRate(line: number): number {
    return this.#words[line * lineWords + Word.connectRate]
  }

  /** Addresses that they come from, or did lately. */
  sources(line: number): number {
    return Atomics.load(this.#words, line * lineWords + Word.sources)
  }

  /** One more (1) or less (-1) of these. */
  countSource(line: number, change: 1 | -1): void {
    Atomics.add(this.#words, line * lineWords + Word.sources, change)
  }

  /** Why they may not be here at all, `expired` or `quota`; undefined if they may. */
  barred(line: number): Reason | undefined {
    const barred = Atomics.load(this.#words, line * lineWords + Word.barred)
    if (barred !== 0) return (barred - 1) as Reason
    return this.#isOver(line) ? Reason.quota : undefined
  }

  bar(line: number, reason: Reason | undefined): void {
    Atomics.store(this.#words, line * lineWords + Word.barred, reason === undefined ? 0 : reason + 1)
  }

  /** Sets what is left of the quota, in KiB; undefined: there is none. */
  setQuota(line: number, left: number | undefined): void {
    const at = line * lineWords
    const next = Math.min(left ?? 0, highestRate)
    const before = Atomics.exchange(this.#words, at + Word.quota, next)
    Atomics.store(this.#words, at + Word.hasQuota, left === undefined ? 0 : 1)
    if (left !== undefined && before > 0 && next <= 0) Atomics.add(this.#words, usedUpAt, 1)
  }

  /** Takes `kibibytes` from the quota; nothing from one that is used up, lest it wraps. */
  spend(line: number, kibibytes: number): void {
    if (!this.hasQuota(line) || this.#isUsedUp(line)) return
    const before = Atomics.sub(this.#words, line * lineWords + Word.quota, kibibytes)
    if (before > 0 && before <= kibibytes) Atomics.add(this.#words, usedUpAt, 1)
  }

  /** How many quotas have been used up so far, of all users; wraps. */
  get usedUp(): number {
    return Atomics.load(this.#words, usedUpAt)
  }

  hasQuota(line: number): boolean {
    return this.#words[line * lineWords + Word.hasQuota] === 1
  }

  /** Whether there is a quota of which nothing is left, and connections end then. */
  #isOver(line: number): boolean {
    return this.#isUsedUp(line) && this.#words[line * lineWords + Word.over] === 0
  }

  #isUsedUp(line: number): boolean {
    return this.hasQuota(line) && Atomics.load(this.#words, line * lineWords + Word.quota) <= 0
  }

  /** Somebody was refused by a limit. */
  refuse(line: number, by: RefusingLimit): void {
    Atomics.add(this.#words, line * lineWords + by, 1)
    Atomics.add(this.#words, refusedAt + by, 1)
  }

  /** By this limit, of all lines together; unlike those of a line these only grow, up to 32 bits. */
  refused(by: RefusingLimit): number {
    return Atomics.load(this.#words, refusedAt + by) >>> 0
  }

  refusals(line: number, by: RefusingLimit): number {
    return Atomics.load(this.#words, line * lineWords + by)
  }

  /** By all limits together. */
  allRefusals(line: number): number {
    return refusingLimits.reduce((sum: number, by) => sum + this.refusals(line, by), 0)
  }

  #setRate(line: number, direction: Direction, rate: number): void {
    const next = rate > highestRate ? 0 : rate
    const before = Atomics.exchange(this.#words, line * lineWords + Word.rate + direction, next)
    // A new bucket holds its first read. Another rate gives nothing: who changes it again and again would let pass more than any.
    if (before === 0) this.buckets.reset(this.bucketAt(line, direction))
  }
}

/** A limit as `Word` has it. */
function limitAt(word: number): number | undefined {
  return word === 0 ? undefined : word - 1
}
