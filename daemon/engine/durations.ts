/** Upper bounds of buckets, in milliseconds; behind the last one there is one more, for whatever took longer. */
export const waits = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]
const lives = [100, 1000, 10_000, 60_000, 600_000, 3_600_000, 21_600_000]

/** What came of a lookup, and of a dial; `other`: a client that left, want of descriptors, and of a lookup that too many waited. */
export const resolveResults = ['found', 'not_found', 'timed_out', 'other'] as const
export const dialResults = ['connected', 'refused', 'timed_out', 'unreachable', 'other'] as const
export const families = ['ipv4', 'ipv6'] as const

/** How often something took how long, in cells that one thread writes and others read whenever they like. */
export class Histogram {
  readonly bounds: readonly number[]
  /** By bucket how often, and behind those the milliseconds of all together. */
  readonly #cells: Float64Array

  constructor(bounds: readonly number[], cells: Float64Array) {
    this.bounds = bounds
    this.#cells = cells
  }

  /** How many cells it takes. */
  static cells(bounds: readonly number[]): number {
    return bounds.length + 2
  }

  /** It took so many milliseconds this time. */
  note(milliseconds: number): void {
    const { bounds } = this
    let bucket = 0
    while (bucket < bounds.length && milliseconds > (bounds[bucket] as number)) bucket++
    this.#cells[bucket]++
    this.#cells[bounds.length + 1] += milliseconds
  }

  /** By bucket, the one beyond all bounds last: how often it took longer than the bucket before, and not longer than this. */
  get counts(): readonly number[] {
    return [...this.#cells.subarray(0, this.bounds.length + 1)]
  }

  /** Milliseconds, all times together. */
  get sum(): number {
    return this.#cells[this.bounds.length + 1] as number
  }
}

/** How long sessions wait for what, and how long they live, as their states begin and end. */
export class Durations {
  /** From accept to a request that is let in, login included. */
  readonly handshake: Histogram
  /** In the order of `resolveResults`: for the addresses of a name, from memory or not. */
  readonly resolve: readonly Histogram[]
  /** In the order of `families`, in that of `dialResults`: for a destination, all its addresses together. */
  readonly dial: readonly (readonly Histogram[])[]
  /** From accept to end, of those that reached what they asked for. */
  readonly session: Histogram

  /** `cells`: `Durations.cells` of them. */
  constructor(cells: Float64Array) {
    let at = 0
    const next = (bounds: readonly number[]) => {
      const size = Histogram.cells(bounds)
      at += size
      return new Histogram(bounds, cells.subarray(at - size, at))
    }
    this.handshake = next(waits)
    this.resolve = resolveResults.map(() => next(waits))
    this.dial = families.map(() => dialResults.map(() => next(waits)))
    this.session = next(lives)
  }

  static readonly cells =
    Histogram.cells(waits) * (1 + resolveResults.length + families.length * dialResults.length) + Histogram.cells(lives)
}
