import type { Params, RecentRange, Result } from '../../shared/protocol/methods.ts'
import { recentRanges } from '../../shared/protocol/vocabulary.ts'

type History = Result<'metrics.history'>

const hour = 3_600_000
const day = 24 * hour

/** Of ranges that go back further than memory does: what one value stands for, and how many there are. */
const longShapes = {
  '31d': { by: 'hour', step: hour, count: 31 * 24 },
  '400d': { by: 'day', step: day, count: 400 },
} as const

export interface HistoryOptions {
  /** What is in memory; throws a `Refusal` if there is no such user. */
  readonly recent: (range: RecentRange, user?: string | null) => History
  /** What is kept of hours and days. Rejects with a StoreError. */
  readonly read: (wish: Wish & { readonly user: number | undefined }) => Promise<readonly Moved[]>
  /** A user's id; undefined: nothing is kept of them. */
  readonly idOf: (user: string | null) => number | undefined
}

/** Hours or days that begin at `since` or later, and before `until`: milliseconds since 1970. */
interface Wish {
  readonly since: number
  readonly until: number
  readonly by: 'hour' | 'day'
}

/** Bytes of an hour or day, and when it began. */
interface Moved {
  readonly start: number | null
  readonly up: number
  readonly down: number
}

/** Throughput over time, also of the time before the daemon's start. */
export class ThroughputHistory {
  readonly #options: HistoryOptions

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  async throughput({ range, user }: Params<'metrics.history'>): Promise<History> {
    const { recent } = this.#options
    if (isRecent(range)) {
      const history = recent(range, user)
      return range === '24h' ? this.#completed(history, user) : history
    }
    // Refuses an unknown user.
    recent('24h', user)
    const { by, step, count } = longShapes[range]
    const now = Date.now()
    const end = (Math.floor(now / step) + 1) * step
    const moved = await this.#read(user, { since: end - count * step, until: end, by })
    const rates = ratesOf(moved, { end, step, count, now })
    return { step, end, ...rates }
  }

  /** With what was moved in each hour, where memory knows nothing. */
  async #completed(history: History, user: string | null | undefined): Promise<History> {
    const { step, end, up, down } = history
    if (!up.includes(null)) return history
    const since = Math.floor((end - up.length * step) / hour) * hour
    const moved = await this.#read(user, { since, until: end, by: 'hour' })
    const hourOf = (i: number) => Math.floor((end - (up.length - i) * step) / hour) * hour
    const steps = Map.groupBy(up.keys(), hourOf)
    const complete = (rates: History['up'], way: 'up' | 'down') => {
      const whole = [...rates]
      for (const { start, ...bytes } of moved) {
        // Of an hour that has just begun, no step that is shown may have begun yet: then it is part of the last one.
        const all = steps.get(start ?? 0) ?? [up.length - 1]
        const unknown = all.filter((i) => rates[i] === null)
        const known = all.reduce((sum, i) => sum + ((rates[i] ?? 0) * step) / 1000, 0)
        // Where all is known, what is missing was moved in the first of these steps, before the daemon started.
        const places = unknown.length > 0 ? unknown : all.slice(0, 1)
        const missing = Math.max(0, bytes[way] - known)
        for (const i of places) whole[i] = (rates[i] ?? 0) + rateOf(missing / places.length, step)
      }
      return whole
    }
    return { step, end, up: complete(up, 'up'), down: complete(down, 'down') }
  }

  async #read(user: string | null | undefined, wish: Wish) {
    const id = user === undefined ? undefined : this.#options.idOf(user)
    if (user !== undefined && id === undefined) return []
    return this.#options.read({ user: id, ...wish })
  }
}

function isRecent(range: string): range is RecentRange {
  return recentRanges.some((each) => each === range)
}

/** Nothing is known of hours and days in which nothing was moved: the daemon may not have been there. */
function ratesOf(
  moved: readonly Moved[],
  {
    end,
    step,
    count,
    now,
  }: { readonly end: number; readonly step: number; readonly count: number; readonly now: number },
): Pick<History, 'up' | 'down'> {
  const up = new Array<number | null>(count).fill(null)
  const down = new Array<number | null>(count).fill(null)
  for (const row of moved) {
    const start = row.start ?? 0
    const at = count - Math.round((end - start) / step)
    // Of the step that goes on, what has passed.
    const span = Math.min(step, now - start)
    up[at] = rateOf(row.up, span)
    down[at] = rateOf(row.down, span)
  }
  return { up, down }
}

/** Whole bytes a second. */
function rateOf(bytes: number, span: number): number {
  return Math.round((bytes * 1000) / Math.max(1000, span))
}
