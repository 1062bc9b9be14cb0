import { randomInt } from 'node:crypto'
import { isMapped } from '../../net/address.ts'
import type { Network } from '../../net/network.ts'
import { hashOf, wordAt } from './source-hash.ts'

/** Room of each of the two tables; at most half of it is used, so that a search is short. */
const room = 16_384
/** Of an entry: prefix (0: free), and two words of address. */
const entryWords = 4
/** Cells before the tables: how many are banned, which of the tables counts, and the seed of its hashes. */
const headWords = 4
const countAt = 0
const tableAt = 1
const seedAt = 2

/**
 * The sources whose clients are reset at accept, in memory that all loops share: addresses of IPv4, and of IPv6 networks of 64
 * and 48 bits. The main thread writes it whole into the table that nobody reads, so a loop that looks meanwhile finds all
 * that was banned before. Without a ban a look is one load.
 */
export class BannedSources {
  static readonly most = room / 2

  readonly #cells: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory)
  }

  static memory(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer((headWords + 2 * room * entryWords) * Int32Array.BYTES_PER_ELEMENT)
    new Int32Array(memory)[seedAt] = randomInt(2 ** 31)
    return memory
  }

  /** By the main thread: these, at most `most` of them, and no others. */
  replace(networks: readonly Network[]): void {
    const table = 1 - Atomics.load(this.#cells, tableAt)
    const start = startOf(table)
    this.#cells.fill(0, start, start + room * entryWords)
    for (const { bytes, prefix } of networks) {
      const [first, second] = bytes.length === 4 ? [wordAt(bytes, 0), 0] : [wordAt(bytes, 0), wordAt(bytes, 4)]
      const at = this.#find(start, prefix, first, second)
      this.#cells[at + 1] = first
      this.#cells[at + 2] = second
      this.#cells[at] = prefix
    }
    Atomics.store(this.#cells, tableAt, table)
    Atomics.store(this.#cells, countAt, networks.length)
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#cells, countAt) === 0
  }

  /** Whether the address in the 16 bytes, an IPv4 one v4-mapped, is banned, and so its client is to be reset. */
  turnsAway(address: Uint8Array): boolean {
    const start = startOf(Atomics.load(this.#cells, tableAt))
    return isMapped(address, 0)
      ? this.#has(start, 32, wordAt(address, 12), 0)
      : this.#has(start, 64, wordAt(address, 0), wordAt(address, 4)) ||
          this.#has(start, 48, wordAt(address, 0), wordAt(address, 4) & 0xffff0000)
  }

  #has(start: number, prefix: number, first: number, second: number): boolean {
    return this.#cells[this.#find(start, prefix, first, second)] !== 0
  }

  /** The entry with this key, or the free one where it belongs. */
  #find(start: number, prefix: number, first: number, second: number): number {
    for (let hash = hashOf(this.#cells[seedAt], prefix, first, second); ; hash++) {
      const at = start + (hash & (room - 1)) * entryWords
      const used = this.#cells[at]
      if (used === 0) return at
      if (used === prefix && this.#cells[at + 1] === first && this.#cells[at + 2] === second) return at
    }
  }
}

function startOf(table: number): number {
  return headWords + table * room * entryWords
}
