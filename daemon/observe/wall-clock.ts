/** Milliseconds that the clock on the wall may run ahead or behind before it counts as having been set. */
const tolerance = 250

/**
 * Tells people the times of `performance.now`, which only goes forward, as milliseconds since 1970. All are told by one
 * difference between the two clocks, so what lies between two of them is as long as it was. When the clock on the wall is
 * set, there is a new difference, and old times, too, are told as if that clock had always been right.
 */
export class WallClock {
  readonly #wall: () => number
  readonly #steady: () => number
  #difference: number
  #settings = 0

  constructor(wall: () => number = Date.now, steady: () => number = () => performance.now()) {
    this.#wall = wall
    this.#steady = steady
    this.#difference = wall() - steady()
  }

  /** Compares the clocks; gives how often the one on the wall has been set: after each time, times are told otherwise. */
  look(): number {
    const difference = this.#wall() - this.#steady()
    if (Math.abs(difference - this.#difference) > tolerance) {
      this.#difference = difference
      this.#settings++
    }
    return this.#settings
  }

  /** As `tell`, after a look. */
  tellNow(time: number): number {
    this.look()
    return this.tell(time)
  }

  /** Whole milliseconds since 1970, as of the last look. */
  tell(time: number): number {
    return Math.round(time + this.#difference)
  }
}
