/** Milliseconds between two looks at the clock. */
const period = 1000
/** Between two looks that are farther apart, in milliseconds, the process stood still. */
export const standstill = 2 * period

/**
 * A clock that stands while the process does: stopped (SIGSTOP, a frozen container), in a machine that is suspended, or kept
 * from the processor for seconds. Whoever spoke meanwhile has not been heard yet, and was not silent. Without it, timers that
 * came due meanwhile would go off ahead of all that waits to be read.
 */
export class RunningTime {
  readonly #clock: () => number
  readonly #timer: NodeJS.Timeout
  #seen: number
  #missed = 0

  /** To be closed. `clock`: milliseconds of any clock that only goes forward. */
  constructor(clock = () => performance.now()) {
    this.#clock = clock
    this.#seen = clock()
    this.#timer = setInterval(() => this.now(), period).unref()
  }

  /** Milliseconds, from wherever the clock began. */
  now(): number {
    const now = this.#clock()
    const gap = now - this.#seen
    if (gap > standstill) this.#missed += gap
    this.#seen = now
    return now - this.#missed
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

/** `setTimeout` by a `RunningTime`. */
export class Deadline {
  readonly #time: RunningTime
  readonly #due: number
  readonly #act: () => void
  #timer: NodeJS.Timeout

  constructor(time: RunningTime, milliseconds: number, act: () => void) {
    this.#time = time
    this.#due = time.now() + milliseconds
    this.#act = act
    this.#timer = setTimeout(this.#look, milliseconds)
  }

  clear(): void {
    clearTimeout(this.#timer)
  }

  readonly #look = (): void => {
    const left = this.#due - this.#time.now()
    // Node's timers know whole milliseconds only.
    if (left < 1) this.#act()
    else this.#timer = setTimeout(this.#look, left)
  }
}
