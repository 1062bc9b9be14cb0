import type { RecentRange } from '../../shared/protocol/methods.ts'

/** What one value of a range stands for, in milliseconds, and how many values a range has. */
const shapes: Readonly<Record<RecentRange, { readonly step: number; readonly count: number }>> = {
  '1m': { step: 1_000, count: 60 },
  '15m': { step: 4_000, count: 225 },
  '1h': { step: 15_000, count: 240 },
  '24h': { step: 360_000, count: 240 },
}

/** Milliseconds by which the two clocks may come apart before it counts as a jump of one of them. */
const jump = 1_000
/** Milliseconds between two looks. A step that began less than half of it ago is not shown: nothing is known of it yet. */
const period = 1_000

/** What became known at a look: where a series is to be emptied first, and which share of the bytes goes where. */
export interface Passage {
  readonly emptied: number[]
  readonly shares: { readonly place: number; readonly share: number }[]
}

/**
 * Time in the steps of all ranges, the same for all series, and how much of each step is known. A series is one array
 * of `seriesLength` numbers, a ring for each range behind the other.
 *
 * Time is that of a clock that nobody sets. Where the clock on the wall runs ahead of it, the machine slept or the clock
 * was set: nothing is known of the time between, whichever it was. Where it falls back, all steps are called anew.
 */
export class TimeSteps {
  readonly #rings: Readonly<Record<RecentRange, Ring>>
  /** The clock that nobody sets, at the last look. */
  #now: number
  /** Milliseconds from the first step's begin to the last look, and when that begin was, since 1970. */
  #elapsed = 0
  #origin: number

  /** Both clocks in milliseconds; `now` never goes back, `wall` is since 1970. */
  constructor(now: number, wall: number) {
    this.#now = now
    this.#origin = wall
    this.#rings = makeRings()
  }

  /** Milliseconds from the first step's begin to the last look. */
  get elapsed(): number {
    return this.#elapsed
  }

  /** Time has passed since the last look: what moved meanwhile moved evenly, for all that anybody knows. */
  pass(now: number, wall: number): Passage {
    const passed = now - this.#now
    const ahead = wall - (this.#origin + this.#elapsed + passed)
    this.#now = now
    if (ahead >= jump) this.#elapsed += ahead
    if (ahead <= -jump) this.#origin += ahead
    const from = this.#elapsed
    this.#elapsed += passed
    const passage: Passage = { emptied: [], shares: [] }
    for (const ring of Object.values(this.#rings)) ring.pass(from, this.#elapsed, passage)
    return passage
  }

  /** Length of a step, and when the last one ended or will have. */
  span(range: RecentRange): { step: number; end: number } {
    const { step } = shapes[range]
    return { step, end: Math.round(this.#origin + (this.#newest(range) + 1) * step) }
  }

  /** Bytes a second, oldest first; null where nothing is known, and in the steps that began before `since`. */
  rates(range: RecentRange, series: Float32Array, since: number): (number | null)[] {
    const { step, count } = shapes[range]
    const first = this.#newest(range) + 1 - count
    return Array.from({ length: count }, (_, i) => {
      const number = first + i
      return number < 0 || number * step < since ? null : this.#rings[range].rate(number, series)
    })
  }

  /** The number of the last step to show. */
  #newest(range: RecentRange): number {
    return stepBefore(Math.round(this.#elapsed / period) * period, shapes[range].step)
  }
}

/** The steps of one range. */
class Ring {
  readonly #step: number
  readonly #first: number
  /** One more than are shown: the newest may be too young for that. */
  readonly #size: number
  /** By place: milliseconds of the step of which something is known. */
  readonly #known: Float64Array
  /** The number of the newest step. */
  #newest = 0

  constructor(first: number, size: number, step: number) {
    this.#first = first
    this.#size = size
    this.#step = step
    this.#known = new Float64Array(size)
  }

  pass(from: number, to: number, { emptied, shares }: Passage): void {
    const last = Math.max(this.#newest, stepBefore(to, this.#step))
    const oldest = last - this.#size + 1
    for (let number = Math.max(this.#newest + 1, oldest); number <= last; number++) {
      this.#known[number % this.#size] = 0
      emptied.push(this.#first + (number % this.#size))
    }
    this.#newest = last
    for (let number = Math.max(Math.floor(from / this.#step), oldest); number <= last; number++) {
      const overlap = Math.min(to, (number + 1) * this.#step) - Math.max(from, number * this.#step)
      if (overlap <= 0) continue
      this.#known[number % this.#size] += overlap
      shares.push({ place: this.#first + (number % this.#size), share: overlap / (to - from) })
    }
  }

  /** Whole bytes a second in one of the last steps; null if nothing is known of it. */
  rate(number: number, series: Float32Array): number | null {
    const known = this.#known[number % this.#size]
    return known > 0 ? Math.round((series[this.#first + (number % this.#size)] * 1000) / known) : null
  }
}

/** The number of the step that a moment ends or lies in. */
function stepBefore(moment: number, step: number): number {
  return Math.ceil(moment / step) - 1
}

const sizes = Object.values(shapes).map(({ count }) => count + 1)

/** Numbers in a series. */
export const seriesLength = sizes.reduce((sum, size) => sum + size, 0)

function makeRings(): Record<RecentRange, Ring> {
  let first = 0
  const rings = Object.entries(shapes).map(([range, { step, count }]) => {
    const ring = new Ring(first, count + 1, step)
    first += count + 1
    return [range, ring]
  })
  return Object.fromEntries(rings)
}
