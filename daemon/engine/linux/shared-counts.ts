/** Numbers that all loops count together, in shared memory: each has a name, and nobody else a cell of it. */

const names = ['liveSessions', 'shortLoops', 'extras', 'binds'] as const

export class SharedCount {
  readonly #cells: Int32Array
  readonly #at: number

  constructor(cells: Int32Array, at: number) {
    this.#cells = cells
    this.#at = at
  }

  get value(): number {
    return Atomics.load(this.#cells, this.#at)
  }

  /** Returns what it comes to. */
  add(change: number): number {
    return Atomics.add(this.#cells, this.#at, change) + change
  }
}

/** Those of sessions that live, of loops that have no room for more, of sockets that sessions have beside their two, and of BINDs. */
export type SharedCounts = Readonly<Record<(typeof names)[number], SharedCount>>

/** Memory for them, all 0. */
export function sharedCountMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(names.length * Int32Array.BYTES_PER_ELEMENT)
}

export function sharedCountsIn(memory: SharedArrayBuffer): SharedCounts {
  const cells = new Int32Array(memory)
  const entries = names.map((name, at) => [name, new SharedCount(cells, at)])
  return Object.fromEntries(entries)
}
