import { type Direction, everybody, type LimitLines } from './limit-lines.ts'

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
}

const kinds = [PacedBy.user, PacedBy.everybody] as const

export class Budget {
  readonly #lines: LimitLines
  /** The bucket that had too little when `take` last came to nothing, as a number of its own, and whose it is. */
  short = 0
  shortBy: PacedBy = PacedBy.nobody

  constructor(lines: LimitLines) {
    this.#lines = lines
  }

  /** Whether what the payer's flows move in a direction is limited. */
  isPaced({ user }: Payer, direction: Direction): boolean {
    return this.#lines.rate(user, direction) > 0 || this.#lines.rate(everybody, direction) > 0
  }

  /** As `Buckets.take`; 0: one of the buckets has too little, see `short`. */
  take(payer: Payer, direction: Direction, want: number, now: number): number {
    let left = want
    for (const kind of kinds) {
      const bucket = bucketOf(kind, payer, direction)
      const rate = this.#rate(bucket)
      if (rate === 0) continue
      const taken = this.#lines.buckets.take(this.#at(bucket), rate, left, now)
      if (taken < left) this.#giveBackBefore(kind, payer, direction, left - taken)
      left = taken
      if (left > 0) continue
      this.short = bucket
      this.shortBy = kind
      return 0
    }
    return left
  }

  giveBack(payer: Payer, direction: Direction, bytes: number): void {
    this.#giveBackBefore(undefined, payer, direction, bytes)
  }

  /** Whether others wait for one of the payer's buckets, which is then the `short` one. */
  isContended(payer: Payer, direction: Direction): boolean {
    for (const kind of kinds) {
      const bucket = bucketOf(kind, payer, direction)
      if (this.#rate(bucket) === 0 || this.#lines.buckets.waiting(this.#at(bucket)) === 0) continue
      this.short = bucket
      this.shortBy = kind
      return true
    }
    return false
  }

  /** See `Buckets`; a limit that is gone has room at once. */
  wakeAt(bucket: number, now: number): number {
    const rate = this.#rate(bucket)
    return rate > 0 ? this.#lines.buckets.wakeAt(this.#at(bucket), rate, now) : now
  }

  waits(bucket: number, change: 1 | -1): void {
    this.#lines.buckets.waits(this.#at(bucket), change)
  }

  waiting(bucket: number): number {
    return this.#lines.buckets.waiting(this.#at(bucket))
  }

  credit(bucket: number, now: number): number {
    const rate = this.#rate(bucket)
    return rate > 0 ? this.#lines.buckets.credit(this.#at(bucket), rate, now) : Number.POSITIVE_INFINITY
  }

  filled(bucket: number): number {
    return this.#lines.buckets.filled(this.#at(bucket))
  }

  depth(bucket: number): number {
    return this.#lines.buckets.depth(this.#rate(bucket))
  }

  quantum(bucket: number): number {
    return this.#lines.buckets.quantum(this.#at(bucket), this.#rate(bucket))
  }

  #giveBackBefore(until: PacedBy | undefined, payer: Payer, direction: Direction, bytes: number): void {
    for (const kind of kinds) {
      if (kind === until) return
      const bucket = bucketOf(kind, payer, direction)
      if (this.#rate(bucket) > 0) this.#lines.buckets.giveBack(this.#at(bucket), bytes)
    }
  }

  #rate(bucket: number): number {
    return this.#lines.rate(bucket >> 1, directionOf(bucket))
  }

  #at(bucket: number): number {
    return this.#lines.bucketAt(bucket >> 1, directionOf(bucket))
  }
}

function bucketOf(kind: PacedBy, { user }: Payer, direction: Direction): number {
  return ((kind === PacedBy.user ? user : everybody) << 1) | direction
}

function directionOf(bucket: number): Direction {
  return (bucket & 1) as Direction
}
