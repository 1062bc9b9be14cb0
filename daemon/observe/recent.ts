/** How often something was noted in the last few seconds, and how bad it was at worst. */
export class Recent {
  readonly #counts: Uint32Array
  readonly #worst: Float64Array
  readonly #now: () => number
  /** The second that was looked at last, counted as `now` counts. */
  #second: number

  /** `seconds` to look back, the present one included; `now` tells milliseconds that never go back. */
  constructor(seconds: number, now: () => number = () => performance.now()) {
    this.#counts = new Uint32Array(seconds)
    this.#worst = new Float64Array(seconds)
    this.#now = now
    this.#second = Math.floor(now() / 1000)
  }

  note(value: number): void {
    const place = this.#move()
    this.#counts[place] += 1
    this.#worst[place] = Math.max(this.#worst[place], value)
  }

  get count(): number {
    this.#move()
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  /** The greatest value; 0 if there was none. */
  get worst(): number {
    this.#move()
    return Math.max(...this.#worst)
  }

  /** Forgets what is too old; returns the place of the present second. */
  #move(): number {
    const size = this.#counts.length
    const second = Math.floor(this.#now() / 1000)
    for (let old = Math.max(this.#second + 1, second - size + 1); old <= second; old++) {
      this.#counts[old % size] = 0
      this.#worst[old % size] = 0
    }
    this.#second = second
    return second % size
  }
}
