/**
 * Numbers that all loops count together, in shared memory: each has a name, and nobody else a cell of it. What a loop has added
 * stands there, too, for the main thread to take back if the loop dies.
 */

const names = ['liveSessions', 'shortLoops', 'extras', 'binds'] as const

export class SharedCount {
  readonly #cells: Int32Array
  readonly #at: number
  readonly #own: number

  /** `own`: where it stands what this loop has added. */
  constructor(cells: Int32Array, at: number, own: number) {
    this.#cells = cells
    this.#at = at
    this.#own = own
  }

  get value(): number {
    return Atomics.load(this.#cells, this.#at)
  }

  /** Returns what it comes to. */
  add(change: number): number {
    this.#cells[this.#own] += change
    return Atomics.add(this.#cells, this.#at, change) + change
  }

  /** The loop that added has died. */
  takeBack(): void {
    this.add(-this.#cells[this.#own])
  }
}

/** Those of sessions that live, of loops that have no room for more, of sockets that sessions have beside their two, and of BINDs. */
export type SharedCounts = Readonly<Record<(typeof names)[number], SharedCount>>

/** Memory for them, of so many loops, all 0. */
export function sharedCountMemory(loops = 1): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + loops) * names.length * Int32Array.BYTES_PER_ELEMENT)
}

/** `loop`: whose they are, from 0. */
export function sharedCountsIn(memory: SharedArrayBuffer, loop = 0): SharedCounts {
  const cells = new Int32Array(memory)
  const own = (1 + loop) * names.length
  const entries = names.map((name, at) => [name, new SharedCount(cells, at, own + at)])
  return Object.fromEntries(entries)
}
