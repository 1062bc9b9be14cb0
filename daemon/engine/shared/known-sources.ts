import { randomInt } from 'node:crypto'
import { isMapped } from '../../net/address.ts'
import type { Network } from '../../net/network.ts'
import { hashOf, wordAt } from './source-hash.ts'

/** Sources of one hash, of which the one noted longest ago goes first. */
const ways = 4
const buckets = 16_384
/** Of an entry: prefix (0: free), two words of address, and the minute in which it was noted last. */
const entryWords = 4
const bucketWords = ways * entryWords
/** Cells before the buckets, of which the first has the seed of the hashes. */
const headWords = 4

const minute = 60_000
const day = 24 * 60

/**
 * Where users logged in well from within a day, or asked for something without having to, in memory that all loops share: addresses of IPv4, and networks of 64 bits of
 * IPv6. Loops note each, also a login that they remember and ask nobody about. Two that write one entry at once may
 * lose a source, or know a wrong one, for a day. Times are of `performance.now`.
 */
export class KnownSources {
  readonly #cells: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory)
  }

  static memory(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer((headWords + buckets * bucketWords) * Int32Array.BYTES_PER_ELEMENT)
    new Int32Array(memory)[0] = randomInt(2 ** 31)
    return memory
  }

  /** Somebody has logged in well from the address in the 16 bytes at `at`, an IPv4 one v4-mapped. */
  note(bytes: Uint8Array, at: number, now: number): void {
    if (isMapped(bytes, at)) this.#note(32, wordAt(bytes, at + 12), 0, now)
    else this.#note(64, wordAt(bytes, at), wordAt(bytes, at + 4), now)
  }

  /** Whether somebody in the network has. */
  isKnown({ bytes, prefix }: Network, now: number): boolean {
    const first = wordAt(bytes, 0)
    if (prefix === 48) return this.#isAnyKnown(first, wordAt(bytes, 4), now)
    const second = bytes.length === 4 ? 0 : wordAt(bytes, 4)
    const start = this.#bucketOf(prefix, first, second)
    for (let at = start; at < start + bucketWords; at += entryWords)
      if (this.#is(at, prefix, first, second)) return this.#isFresh(at, now)
    return false
  }

  /** All that are known, to be kept between runs: of each its prefix, its two words of address, and its age in minutes. */
  entries(now: number): Uint8Array {
    const cells = this.#cells
    const entries: number[] = []
    for (let at = headWords; at < cells.length; at += entryWords)
      if (cells[at] !== 0 && this.#isFresh(at, now))
        entries.push(cells[at], cells[at + 1], cells[at + 2], now / minute - cells[at + 3])
    return new Uint8Array(Int32Array.from(entries).buffer)
  }

  /**
   * What `entries` gave so many milliseconds ago is known still; what is damaged in them, such as an end that is missing, is nothing.
   * Returns how many are so.
   */
  restore(entries: Uint8Array, ago: number, now: number): number {
    const entryBytes = entryWords * Int32Array.BYTES_PER_ELEMENT
    const words = new Int32Array(entries.slice(0, entries.length - (entries.length % entryBytes)).buffer)
    let damaged = Math.ceil((entries.length % entryBytes) / entryBytes)
    for (let at = 0; at < words.length; at += entryWords) {
      const [prefix, first, second, age] = words.subarray(at, at + entryWords)
      if ((prefix === 32 || prefix === 64) && age >= 0 && age < day)
        this.#note(prefix, first, second, now - ago - age * minute)
      else damaged++
    }
    return damaged
  }

  #note(prefix: number, first: number, second: number, now: number): void {
    const cells = this.#cells
    const start = this.#bucketOf(prefix, first, second)
    let oldest = start
    for (let at = start; at < start + bucketWords; at += entryWords) {
      if (this.#is(at, prefix, first, second)) {
        cells[at + 3] = now / minute
        return
      }
      if (cells[at] === 0 || (cells[oldest] !== 0 && cells[at + 3] < cells[oldest + 3])) oldest = at
    }
    cells[oldest] = prefix
    cells[oldest + 1] = first
    cells[oldest + 2] = second
    cells[oldest + 3] = now / minute
  }

  /** Of a /48: only asked before it is banned as a whole. */
  #isAnyKnown(first: number, second: number, now: number): boolean {
    const cells = this.#cells
    for (let at = headWords; at < cells.length; at += entryWords)
      if (cells[at] === 64 && cells[at + 1] === first && ((cells[at + 2] ^ second) & 0xffff0000) === 0)
        if (this.#isFresh(at, now)) return true
    return false
  }

  #is(at: number, prefix: number, first: number, second: number): boolean {
    const cells = this.#cells
    return cells[at] === prefix && cells[at + 1] === first && cells[at + 2] === second
  }

  #isFresh(at: number, now: number): boolean {
    return now / minute - this.#cells[at + 3] < day
  }

  #bucketOf(prefix: number, first: number, second: number): number {
    return headWords + (hashOf(this.#cells[0], prefix, first, second) & (buckets - 1)) * bucketWords
  }
}
