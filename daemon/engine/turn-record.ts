/** Seconds that are looked back on. */
const seconds = 10
/** Behind the first cell, three for each second: which one it is, counted from the start, its longest turn, and all of them. */
const cellsOfSecond = 3
export const turnCells = 1 + cellsOfSecond * seconds

/**
 * How long a loop's turns took lately, in cells of shared memory that the loop writes and anyone may read. Times are
 * milliseconds of `performance.now`, which is the same in all threads.
 */
export class TurnRecord {
  /** First of all when the turn began that goes on, 0 between two turns. */
  readonly #cells: Float64Array

  /** `cells`: `turnCells` of them. */
  constructor(cells: Float64Array) {
    this.#cells = cells
  }

  began(now: number): void {
    this.#cells[0] = now
  }

  /** The turn is over, and took so many milliseconds. It counts for the second in which it ends. */
  took(milliseconds: number): void {
    const second = Math.floor((this.#cells[0] + milliseconds) / 1000)
    const at = 1 + cellsOfSecond * (second % seconds)
    if (this.#cells[at] !== second) {
      this.#cells[at + 1] = milliseconds
      this.#cells[at + 2] = milliseconds
      this.#cells[at] = second
    } else {
      if (milliseconds > this.#cells[at + 1]) this.#cells[at + 1] = milliseconds
      this.#cells[at + 2] += milliseconds
    }
    this.#cells[0] = 0
  }

  /** The longest turn of the last ten seconds, in milliseconds; the one that goes on counts as far as it has come. */
  longest(now: number): number {
    let longest = this.#goesOnFor(now)
    for (const at of this.#lately(now)) longest = Math.max(longest, this.#cells[at + 1])
    return longest
  }

  /** The part of the last ten seconds that turns took, from 0 to 1; in the rest of it the loop waited. */
  busy(now: number): number {
    let busy = this.#goesOnFor(now)
    for (const at of this.#lately(now)) busy += this.#cells[at + 2]
    return Math.min(1, busy / (1000 * (seconds - 1) + (now % 1000)))
  }

  /** Milliseconds since the present turn began; 0 between two. */
  #goesOnFor(now: number): number {
    const began = this.#cells[0]
    return began === 0 ? 0 : Math.max(0, now - began)
  }

  /** Where the cells of the last ten seconds stand. */
  *#lately(now: number): Generator<number> {
    for (let at = 1; at < turnCells; at += cellsOfSecond) {
      const age = Math.floor(now / 1000) - this.#cells[at]
      if (age >= 0 && age < seconds) yield at
    }
  }
}
