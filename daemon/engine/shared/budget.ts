import type { Buckets } from './buckets.ts'
import { type Direction, eachSource, everybody, type LimitLines } from './limit-lines.ts'
import { noLine, type SourceLines, sourceLineCount } from './source-lines.ts'

/**
 * What a flow may read now: of each limit that it is under it takes credit, the least counts, and the rest is given back.
 */

/** Which limit paces a session; the order is that of the management protocol. */
export const PacedBy = { nobody: 0, user: 1, source: 2, everybody: 3 } as const
export type PacedBy = (typeof PacedBy)[keyof typeof PacedBy]

/** The limits that a session is under. */
export interface Payer {
  /** The user's index, 0 without a login. */
  readonly user: number
  /** The source's line, or `noLine`. */
  readonly source: number
}

const kinds = [PacedBy.user, PacedBy.source, PacedBy.everybody] as const
/** What a datagram takes at least, in bytes: its headers (RFC 768, RFC 791), lest empty ones pass without end. */
const leastOfDatagram = 28
/** Numbers of buckets: two for each line of limits, and from here on two for each of sources. */
const firstOfSources = 2 * (eachSource + 1)
const bucketCount = firstOfSources + 2 * sourceLineCount

export class Budget {
  readonly #lines: LimitLines
  readonly #sources: SourceLines
  /** The bucket that had too little when `take` last came to nothing, as a number of its own, and whose it is. */
  short = 0
  shortBy: PacedBy = PacedBy.nobody
  /** By bucket: flows of this loop that wait, in memory for another thread to see. */
  readonly #waiting: Int32Array

  /** `waiting`: of `Budget.memory`. */
  constructor(lines: LimitLines, sources: SourceLines, waiting: SharedArrayBuffer = Budget.memory()) {
    this.#lines = lines
    this.#sources = sources
    this.#waiting = new Int32Array(waiting)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * bucketCount)
  }

  /** Whether what the payer's flows move in a direction is limited. */
  isPaced(payer: Payer, direction: Direction): boolean {
    for (const kind of kinds) if (this.#rate(bucketOf(kind, payer, direction)) > 0) return true
    return false
  }

  /** Whether what a user moves counts against a quota. */
  isMetered(user: number): boolean {
    return this.#lines.hasQuota(user)
  }

  /** As `Buckets.take`; 0: one of the buckets has too little, see `short`. */
  take(payer: Payer, direction: Direction, want: number, now: number): number {
    let left = want
    for (const kind of kinds) {
      const bucket = bucketOf(kind, payer, direction)
      const rate = this.#rate(bucket)
      if (rate === 0) continue
      const taken = this.#buckets(bucket).take(this.#at(bucket), rate, left, now)
      if (taken < left) this.#giveBackBefore(kind, payer, direction, left - taken)
      left = taken
      if (left > 0) continue
      this.short = bucket
      this.shortBy = kind
      return 0
    }
    return left
  }

  /** As `take`, all or nothing, for a datagram of so many bytes. */
  takeWhole(payer: Payer, direction: Direction, length: number, now: number): boolean {
    const bytes = Math.max(length, leastOfDatagram)
    for (const kind of kinds) {
      const bucket = bucketOf(kind, payer, direction)
      const rate = this.#rate(bucket)
      if (rate === 0 || this.#buckets(bucket).takeWhole(this.#at(bucket), rate, bytes, now)) continue
      this.#giveBackBefore(kind, payer, direction, bytes)
      this.short = bucket
      this.shortBy = kind
      return false
    }
    return true
  }

  giveBack(payer: Payer, direction: Direction, bytes: number): void {
    this.#giveBackBefore(undefined, payer, direction, bytes)
  }

  /** Whether others wait for one of the payer's buckets, which is then the `short` one. */
  isContended(payer: Payer, direction: Direction): boolean {
    for (const kind of kinds) {
      const bucket = bucketOf(kind, payer, direction)
      if (this.#rate(bucket) === 0 || this.#buckets(bucket).waiting(this.#at(bucket)) === 0) continue
      this.short = bucket
      this.shortBy = kind
      return true
    }
    return false
  }

  /** See `Buckets`; a limit that is gone has room at once. */
  wakeAt(bucket: number, now: number): number {
    const rate = this.#rate(bucket)
    return rate > 0 ? this.#buckets(bucket).wakeAt(this.#at(bucket), rate, now) : now
  }

  waits(bucket: number, change: 1 | -1): void {
    this.#waiting[bucket] += change
    this.#buckets(bucket).waits(this.#at(bucket), change)
  }

  /** The loop whose flows wait has died. */
  forgetWaiting(): void {
    for (const [bucket, count] of this.#waiting.entries())
      for (let left = count; left > 0; left--) this.waits(bucket, -1)
  }

  waiting(bucket: number): number {
    return this.#buckets(bucket).waiting(this.#at(bucket))
  }

  credit(bucket: number, now: number): number {
    const rate = this.#rate(bucket)
    return rate > 0 ? this.#buckets(bucket).credit(this.#at(bucket), rate, now) : Number.POSITIVE_INFINITY
  }

  filled(bucket: number): number {
    return this.#buckets(bucket).filled(this.#at(bucket))
  }

  depth(bucket: number): number {
    return this.#buckets(bucket).depth(this.#rate(bucket))
  }

  quantum(bucket: number): number {
    return this.#buckets(bucket).quantum(this.#at(bucket), this.#rate(bucket))
  }

  #giveBackBefore(until: PacedBy | undefined, payer: Payer, direction: Direction, bytes: number): void {
    for (const kind of kinds) {
      if (kind === until) return
      const bucket = bucketOf(kind, payer, direction)
      if (this.#rate(bucket) > 0) this.#buckets(bucket).giveBack(this.#at(bucket), bytes)
    }
  }

  /** 0: it limits nothing. */
  #rate(bucket: number): number {
    if (bucket < 0) return 0
    return this.#lines.rate(bucket < firstOfSources ? bucket >> 1 : eachSource, directionOf(bucket))
  }

  #at(bucket: number): number {
    if (bucket < firstOfSources) return this.#lines.bucketAt(bucket >> 1, directionOf(bucket))
    return this.#sources.bucketAt((bucket - firstOfSources) >> 1, directionOf(bucket))
  }

  #buckets(bucket: number): Buckets {
    return bucket < firstOfSources ? this.#lines.buckets : this.#sources.buckets
  }
}

/** Below 0: there is none. */
function bucketOf(kind: PacedBy, { user, source }: Payer, direction: Direction): number {
  if (kind === PacedBy.user) return (user << 1) | direction
  if (kind === PacedBy.everybody) return (everybody << 1) | direction
  return source === noLine ? noLine : firstOfSources + ((source << 1) | direction)
}

function directionOf(bucket: number): Direction {
  return (bucket & 1) as Direction
}
