/**
 * Buckets of credit, in bytes, in shared memory. A bucket is filled when somebody next looks at it, by the time that has
 * passed since somebody did; whoever reads takes from it first, and gives back what was not there to be read. Its rate
 * (bytes a second, above 0) is the caller's; where it stands (`at`) is a place of five words, all 0 in the beginning.
 */

/** Words of 32 bits in a bucket. */
export const bucketWords = 5
/** `filled`: all that it was ever filled with, which wraps. `ahead`: what may be taken ahead of those who wait. */
const Word = { credit: 0, tick: 1, waiting: 2, filled: 3, ahead: 4 } as const

/** Milliseconds between two fillings of a bucket. */
export const tickLength = 5
/** What a bucket holds: what the rate allows in 100 ms, but as much as one read takes. It begins with the latter. */
const depthSeconds = 0.1
const smallestDepth = 64 * 1024
/** Bytes that one flow may take at once: what the rate allows in 50 ms, shared among those that wait. */
const quantumSeconds = 0.05
export const smallestQuantum = 2_896
const largestQuantum = 128 * 1024

export class Buckets {
  readonly #words: Int32Array

  /** The memory may hold other things between the buckets. */
  constructor(words: Int32Array) {
    this.#words = words
  }

  /** Begin anew, with the first read's worth of credit. */
  reset(at: number): void {
    Atomics.store(this.#words, at + Word.credit, smallestDepth)
    Atomics.store(this.#words, at + Word.ahead, smallestDepth)
  }

  /**
   * Bytes that may be read now, at most `want`: 0 if the flow has to wait, see `wakeAt`. They count as used until they are
   * given back. `now`: milliseconds of `performance.now`, which all threads share.
   */
  take(at: number, rate: number, want: number, now: number): number {
    this.#fill(at, rate, now)
    const wanted = Math.min(want, this.quantum(at, rate))
    for (;;) {
      const credit = Atomics.load(this.#words, at + Word.credit)
      const taken = Math.min(wanted, credit)
      // Small change is left to gather: a read of a few bytes costs what one of many does.
      if (taken < Math.min(wanted, smallestQuantum)) return 0
      if (Atomics.compareExchange(this.#words, at + Word.credit, credit, credit - taken) === credit) return taken
    }
  }

  /**
   * As `take`, all or nothing: of a datagram no part can be kept back. At most 64 KiB. Who takes so does not wait, and gets
   * half of the rate at most while others do.
   */
  takeWhole(at: number, rate: number, bytes: number, now: number): boolean {
    this.#fill(at, rate, now)
    if (!this.#takeFrom(at + Word.credit, bytes)) return false
    if (this.waiting(at) === 0 || this.#takeFrom(at + Word.ahead, bytes)) return true
    this.giveBack(at, bytes)
    return false
  }

  giveBack(at: number, bytes: number): void {
    Atomics.add(this.#words, at + Word.credit, bytes)
  }

  /** When there may be enough for one more read, on the same clock; at least a tick from now. */
  wakeAt(at: number, rate: number, now: number): number {
    const missing = Math.min(this.quantum(at, rate), smallestQuantum) - Atomics.load(this.#words, at + Word.credit)
    return now + Math.max(tickLength, (missing / rate) * 1000)
  }

  /** A flow begins (1) or ceases (-1) to wait for credit. */
  waits(at: number, change: 1 | -1): void {
    Atomics.add(this.#words, at + Word.waiting, change)
  }

  /** Flows that wait, of all loops. */
  waiting(at: number): number {
    return Atomics.load(this.#words, at + Word.waiting)
  }

  /** The credit there is now. */
  credit(at: number, rate: number, now: number): number {
    this.#fill(at, rate, now)
    return Atomics.load(this.#words, at + Word.credit)
  }

  /** Bytes that it was ever filled with, as a number of 32 bits that wraps: two of them are compared by their difference. */
  filled(at: number): number {
    return Atomics.load(this.#words, at + Word.filled)
  }

  /** The most that it holds. */
  depth(rate: number): number {
    return Math.max(smallestDepth, Math.floor(rate * depthSeconds))
  }

  /** What one flow may take at once. */
  quantum(at: number, rate: number): number {
    const flows = Math.max(1, this.#words[at + Word.waiting])
    return Math.max(smallestQuantum, Math.min(largestQuantum, Math.floor((rate * quantumSeconds) / flows)))
  }

  #takeFrom(word: number, bytes: number): boolean {
    if (Atomics.sub(this.#words, word, bytes) >= bytes) return true
    Atomics.add(this.#words, word, bytes)
    return false
  }

  /** Whoever first sees a later tick takes it, and adds what the time since the last one is worth. */
  #fill(at: number, rate: number, now: number): void {
    // A word holds the ticks of 248 days, and then begins anew.
    const tick = Math.floor(now / tickLength) | 0
    const last = Atomics.load(this.#words, at + Word.tick)
    const passed = last === 0 ? 1 : (tick - last) | 0
    if (passed <= 0 || Atomics.compareExchange(this.#words, at + Word.tick, last, tick) !== last) return
    const worth = (ticks: number) => Math.floor((rate * ticks * tickLength) / 1000)
    const added = worth((last >>> 0) + passed) - worth(last >>> 0)
    const depth = this.depth(rate)
    // What a higher rate has left beyond the depth of this one is lost.
    const room = depth - Atomics.load(this.#words, at + Word.ahead)
    Atomics.add(this.#words, at + Word.ahead, Math.min(room, Math.ceil(added / 2)))
    for (;;) {
      const credit = Atomics.load(this.#words, at + Word.credit)
      const next = Math.min(depth, credit + added)
      if (Atomics.compareExchange(this.#words, at + Word.credit, credit, next) !== credit) continue
      if (next > credit) Atomics.add(this.#words, at + Word.filled, next - credit)
      return
    }
  }
}
