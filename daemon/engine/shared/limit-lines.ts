/**
 * What users may use, and use now, in shared memory: a line for each, which the control plane writes the limits of, and the
 * loops what is used. Loops never ask the main thread whether somebody may go on.
 *
 * Each direction has a bucket of credit, in bytes. It is filled when a loop next looks at it, by the time that has passed
 * since somebody did; whoever reads takes from it first, and gives back what was not there to be read.
 */

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
  refusals: 8,
  /** Two buckets follow. */
  up: 12,
  down: 20,
} as const

/** Places in a bucket. The rate in bytes a second, 0 for none. */
const Bucket = { rate: 0, credit: 1, tick: 2, waiting: 3 } as const

export type Direction = 'up' | 'down'

/** Milliseconds between two fillings of a bucket. */
const tickLength = 5
/** What a bucket holds: what the rate allows in 100 ms, but as much as one read takes. It begins with the latter. */
const depthSeconds = 0.1
const smallestDepth = 64 * 1024
/** Bytes that one flow may take at once: what the rate allows in 50 ms, shared among those that wait. */
const quantumSeconds = 0.05
export const smallestQuantum = 2_896
const largestQuantum = 128 * 1024
/** A rate that two loops cannot reach is none. */
const highestRate = 2 ** 31 - 1

/** Lines of users stand at their index, 0 for clients without a login; behind them the one of everybody together. */
const everybody = 65_536
const lineCount = everybody + 1

/** Limits of one line, where `undefined` is none. Rates in bytes a second. */
export interface LineLimits {
  readonly group: number
  readonly rateUp: number | undefined
  readonly rateDown: number | undefined
  readonly maxConnections: number | undefined
  readonly maxSources: number | undefined
}

/** Memory for all lines; of those that nobody has touched the kernel keeps none. */
export function limitLineMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * lineWords * lineCount)
}

export class LimitLines {
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
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
    this.#setRate(at + Word.up, limits.rateUp ?? 0)
    this.#setRate(at + Word.down, limits.rateDown ?? 0)
  }

  /** Starts a line from nothing, for its index's next owner. Its live connections are over by then. */
  clear(line: number): void {
    for (let i = 0; i < lineWords; i++) Atomics.store(this.#words, line * lineWords + i, 0)
  }

  groupOf(line: number): number {
    return this.#words[line * lineWords + Word.group]
  }

  /** Whether the line has a rate either way, so that its flows must ask before they read. */
  isPaced(line: number): boolean {
    const at = line * lineWords
    return this.#words[at + Word.up] > 0 || this.#words[at + Word.down] > 0
  }

  /**
   * Bytes that may be read now, at most `want`: 0 if the flow has to wait, see `wakeAt`. They count as used until they are
   * given back. `now`: milliseconds on the clock of the system's start, which all loops share.
   */
  take(line: number, direction: Direction, want: number, now: number): number {
    const at = line * lineWords + Word[direction]
    const rate = this.#words[at + Bucket.rate]
    if (rate <= 0) return want
    this.#fill(at, rate, now)
    const wanted = Math.min(want, this.#quantum(at, rate))
    for (;;) {
      const credit = Atomics.load(this.#words, at + Bucket.credit)
      const taken = Math.min(wanted, credit)
      // Small change is left to gather: a read of a few bytes costs what one of many does.
      if (taken < Math.min(wanted, smallestQuantum)) return 0
      if (Atomics.compareExchange(this.#words, at + Bucket.credit, credit, credit - taken) === credit) return taken
    }
  }

  giveBack(line: number, direction: Direction, bytes: number): void {
    const at = line * lineWords + Word[direction]
    if (this.#words[at + Bucket.rate] > 0) Atomics.add(this.#words, at + Bucket.credit, bytes)
  }

  /** When there may be enough for one more read, on the same clock; at least a tick from now. */
  wakeAt(line: number, direction: Direction, now: number): number {
    const at = line * lineWords + Word[direction]
    const rate = this.#words[at + Bucket.rate]
    const missing = Math.min(this.#quantum(at, rate), smallestQuantum) - Atomics.load(this.#words, at + Bucket.credit)
    return now + Math.max(tickLength, rate > 0 ? (missing / rate) * 1000 : 0)
  }

  /** A flow begins (1) or ceases (-1) to wait for credit. */
  waits(line: number, direction: Direction, change: 1 | -1): void {
    Atomics.add(this.#words, line * lineWords + Word[direction] + Bucket.waiting, change)
  }

  /** Counts a connection; false, and it does not count, if there are as many as may be. */
  enter(line: number): boolean {
    const at = line * lineWords
    const most = this.#words[at + Word.maxConnections]
    const live = Atomics.add(this.#words, at + Word.live, 1) + 1
    if (most === 0 || live < most) return true
    Atomics.sub(this.#words, at + Word.live, 1)
    return false
  }

  leave(line: number): void {
    Atomics.sub(this.#words, line * lineWords + Word.live, 1)
  }

  live(line: number): number {
    return Atomics.load(this.#words, line * lineWords + Word.live)
  }

  /** Why they may not come at all, a `Reason`; undefined if they may. */
  barred(line: number): number | undefined {
    const barred = Atomics.load(this.#words, line * lineWords + Word.barred)
    return barred === 0 ? undefined : barred - 1
  }

  bar(line: number, reason: number | undefined): void {
    Atomics.store(this.#words, line * lineWords + Word.barred, reason === undefined ? 0 : reason + 1)
  }

  /** Sets what is left of the quota, in KiB; undefined: there is none. */
  setQuota(line: number, left: number | undefined): void {
    const at = line * lineWords
    Atomics.store(this.#words, at + Word.quota, Math.min(left ?? 0, highestRate))
    Atomics.store(this.#words, at + Word.hasQuota, left === undefined ? 0 : 1)
  }

  /** Takes `kibibytes` from the quota; whether something of it is left, or there is none. */
  spend(line: number, kibibytes: number): boolean {
    const at = line * lineWords
    if (this.#words[at + Word.hasQuota] === 0) return true
    return Atomics.sub(this.#words, at + Word.quota, kibibytes) > kibibytes
  }

  hasQuota(line: number): boolean {
    return this.#words[line * lineWords + Word.hasQuota] === 1
  }

  /** Somebody was refused by a limit. */
  refuse(line: number): void {
    Atomics.add(this.#words, line * lineWords + Word.refusals, 1)
  }

  refusals(line: number): number {
    return Atomics.load(this.#words, line * lineWords + Word.refusals)
  }

  #setRate(at: number, rate: number): void {
    const next = rate > highestRate ? 0 : rate
    const before = Atomics.exchange(this.#words, at + Bucket.rate, next)
    // What a bucket held by an old rate may be more than the new one's holds, and a new bucket holds its first read.
    if (before === 0 || next < before) Atomics.store(this.#words, at + Bucket.credit, smallestDepth)
  }

  /** The loop that first sees a later tick takes it, and adds what the time since the last one is worth. */
  #fill(at: number, rate: number, now: number): void {
    // A word holds the ticks of 248 days, and then begins anew.
    const tick = Math.floor(now / tickLength) | 0
    const last = Atomics.load(this.#words, at + Bucket.tick)
    const passed = last === 0 ? 1 : (tick - last) | 0
    if (passed <= 0 || Atomics.compareExchange(this.#words, at + Bucket.tick, last, tick) !== last) return
    const worth = (ticks: number) => Math.floor((rate * ticks * tickLength) / 1000)
    const added = worth((last >>> 0) + passed) - worth(last >>> 0)
    const depth = Math.max(smallestDepth, Math.floor(rate * depthSeconds))
    for (;;) {
      const credit = Atomics.load(this.#words, at + Bucket.credit)
      const next = Math.min(depth, credit + added)
      if (next <= credit || Atomics.compareExchange(this.#words, at + Bucket.credit, credit, next) === credit) return
    }
  }

  #quantum(at: number, rate: number): number {
    const flows = Math.max(1, this.#words[at + Bucket.waiting])
    return Math.max(smallestQuantum, Math.min(largestQuantum, Math.floor((rate * quantumSeconds) / flows)))
  }
}
