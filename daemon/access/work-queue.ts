/** Runs costly tasks a few at a time. What comes while too many wait is refused, so neither time nor memory runs away. */
export class WorkQueue {
  readonly #atOnce: number
  readonly #mostWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce
    this.#mostWaiting = mostWaiting
  }

  /** Runs `task` after those that wait already; undefined, and it never runs, if too many do. */
  run<T>(task: () => Promise<T>): Promise<T> | undefined {
    if (this.#waiting.length >= this.#mostWaiting) return undefined
    return this.#perform(task, (start) => this.#waiting.push(start))
  }

  /** Runs `task` before all that wait, however many they are. */
  runNext<T>(task: () => Promise<T>): Promise<T> {
    return this.#perform(task, (start) => this.#waiting.unshift(start))
  }

  async #perform<T>(task: () => Promise<T>, wait: (start: () => void) => void): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++
    else await new Promise<void>(wait)
    try {
      return await task()
    } finally {
      // Who waits takes over the place of who ends, so that nobody slips in between.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
