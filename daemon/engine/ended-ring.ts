/**
 * A ring of rows in shared memory that one thread fills and others read whenever they like, without a lock: the writer
 * never waits, and whoever reads too late is told how many rows were written over.
 *
 * Rows are numbered in the order in which they are written, and the number of rows ever written is the one thing that
 * both sides agree on through Atomics. Row `n` is overwritten while row `n + size` is being written, so it is good as long
 * as less than `size` rows have come after it. Numbers are 32 bits and wrap: they are compared by their difference.
 */
export class EndedRing {
  /** One cell: how many rows were ever written. */
  readonly #count: Int32Array
  readonly #first: number
  readonly #size: number

  /** `size` rows from row `first` on, a power of two; `count`: a cell of zero, shared by all who have the ring. */
  constructor(count: Int32Array, first: number, size: number) {
    if (!Number.isInteger(Math.log2(size))) throw new RangeError('the size of a ring is a power of two')
    this.#count = count
    this.#first = first
    this.#size = size
  }

  /** By the writer alone: the row to fill before `push`. */
  get next(): number {
    return this.#rowOf(this.#count[0])
  }

  /** By the writer alone: `next` is filled. */
  push(): void {
    Atomics.add(this.#count, 0, 1)
  }

  /** How many rows were ever written, as a number of 32 bits: where to `drain` from later. */
  get count(): number {
    return Atomics.load(this.#count, 0)
  }

  /** What is worth reading: where to `drain` from for all rows that are still there. */
  get oldest(): number {
    const { count } = this
    // Unsigned: up to the first wrap that is all there ever were.
    return count >>> 0 < this.#size ? 0 : (count - this.#size + 1) | 0
  }

  /**
   * Reads the rows written since the count was `from`, up to `to`, oldest first: what `read` gives of those that were not
   * written over before it was done with them, and how many were.
   */
  drain<Value>(from: number, to: number, read: (row: number) => Value): { values: Value[]; lost: number } {
    const values: Value[] = []
    const all = (to - from) | 0
    const gone = Math.min(all, Math.max(0, (this.count - from - this.#size + 1) | 0))
    let lost = gone
    for (let number = (from + gone) | 0; number !== to; number = (number + 1) | 0) {
      const value = read(this.#rowOf(number))
      // By a write, of nothing: what was read before cannot have been read after it (a plain load would allow that).
      if (((Atomics.add(this.#count, 0, 0) - number) | 0) < this.#size) values.push(value)
      else lost++
    }
    return { values, lost }
  }

  #rowOf(number: number): number {
    return this.#first + (number & (this.#size - 1))
  }
}
