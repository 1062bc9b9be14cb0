import type { RecentRange, Result } from '../../shared/protocol/methods.ts'
import { type Passage, seriesLength, TimeSteps } from './time-steps.ts'

/** Users of whom something is remembered, 6 KiB each. Of more, who has been idle longest is forgotten, */
const mostUsers = 500
/** after this many milliseconds; meanwhile nobody new is remembered, so that a crowd does not push each other out. */
const shortestIdle = 60_000

/** What somebody has moved since the last look. */
export interface Movement {
  readonly up: number
  readonly down: number
}

export interface UserMovement extends Movement {
  readonly index: number
  readonly name: string | null
  readonly isFirst: boolean
}

/** Bytes by step, as `TimeSteps` places them. */
class Series {
  readonly name: string | null
  /** Milliseconds from the first step's begin from which on the series is complete. */
  readonly since: number
  readonly up = new Float32Array(seriesLength)
  readonly down = new Float32Array(seriesLength)
  /** Milliseconds from the first step's begin to when something was added last. */
  active = 0

  constructor(name: string | null, since: number) {
    this.name = name
    this.since = since
  }

  enter({ emptied }: Passage): void {
    for (const place of emptied) {
      this.up[place] = 0
      this.down[place] = 0
    }
  }

  add({ up, down }: Movement, { shares }: Passage): void {
    for (const { place, share } of shares) {
      this.up[place] += up * share
      this.down[place] += down * share
    }
  }
}

/** Throughput over time, of everybody and of each user who moves bytes. */
export class Throughput {
  readonly #steps: TimeSteps
  readonly #everybody = new Series(null, 0)
  readonly #nobody = new Series(null, 0)
  /** By index; who was active last comes last. */
  readonly #users = new Map<number, Series>()
  #passage: Passage = { emptied: [], shares: [] }
  #lookedBefore = 0

  /** Both clocks as `TimeSteps` wants them. */
  constructor(now: number, wall: number) {
    this.#steps = new TimeSteps(now, wall)
  }

  /** A look at everybody; those at single users follow. `nameOf` tells who has an index now: who has gone is forgotten. */
  look(now: number, wall: number, all: Movement, nameOf: (index: number) => string | undefined): void {
    this.#lookedBefore = this.#steps.elapsed
    this.#passage = this.#steps.pass(now, wall)
    for (const [index, series] of this.#users) {
      if (nameOf(index) === (series.name ?? undefined)) series.enter(this.#passage)
      else this.#users.delete(index)
    }
    this.#everybody.enter(this.#passage)
    this.#everybody.add(all, this.#passage)
  }

  /** What a user has moved by the look. `isFirst`: the user has never moved anything before. Name null: no login. */
  add({ index, name, isFirst, ...movement }: UserMovement): void {
    const series = this.#users.get(index) ?? this.#begin(name, isFirst)
    if (series === undefined) return
    this.#users.delete(index)
    this.#users.set(index, series)
    series.active = this.#steps.elapsed
    series.add(movement, this.#passage)
  }

  ofEverybody(range: RecentRange): Result<'metrics.history'> {
    return this.#told(range, this.#everybody, this.#everybody.since)
  }

  /** `hasMoved`: whether the user had moved anything by the last look. */
  ofUser(range: RecentRange, index: number, hasMoved: boolean): Result<'metrics.history'> {
    const series = this.#users.get(index)
    if (series) return this.#told(range, series, series.since)
    return this.#told(range, this.#nobody, hasMoved ? Number.POSITIVE_INFINITY : 0)
  }

  #told(range: RecentRange, { up, down }: Series, since: number): Result<'metrics.history'> {
    const rates = (series: Float32Array) => this.#steps.rates(range, series, since)
    return { ...this.#steps.span(range), up: rates(up), down: rates(down) }
  }

  /** Undefined if there is no room. */
  #begin(name: string | null, isFirst: boolean): Series | undefined {
    if (this.#users.size === mostUsers) {
      const [[index, { active }]] = this.#users
      if (this.#steps.elapsed - active < shortestIdle) return undefined
      this.#users.delete(index)
    }
    return new Series(name, isFirst ? 0 : this.#lookedBefore)
  }
}
