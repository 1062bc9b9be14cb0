/** On whose account something is taken. */
export interface Payer {
  /** A user; undefined without a login. */
  readonly user: string | undefined
  /** The user where they come from, or the source of somebody without a login. */
  readonly place: string
}

/**
 * Who has how much of what there is little of. Nobody may take more than they leave to others: a user at one place holds
 * half at most, a user everywhere two thirds, and whoever comes next half of what is left.
 */
export class Shares {
  readonly #room: number
  readonly #held = new Map<string, number>()
  #taken = 0

  constructor(room: number) {
    this.#room = room
  }

  /** Whether this payer may take one more. */
  hasRoomFor({ user, place }: Payer): boolean {
    const free = this.#room - this.#taken
    return free > this.#heldBy(place) && (user === undefined || 2 * free > this.#heldBy(user))
  }

  /** Take one, of which so much counts as the payer's. */
  take(payer: Payer, counts = 1): void {
    this.#change(payer, 1, counts)
  }

  /** Give back one that counted whole. */
  give(payer: Payer): void {
    this.#change(payer, -1, -1)
  }

  #change({ user, place }: Payer, by: number, counts: number): void {
    this.#taken += by
    for (const who of user === undefined ? [place] : [place, user]) {
      const held = this.#heldBy(who) + counts
      if (held > 0) this.#held.set(who, held)
      else this.#held.delete(who)
    }
  }

  #heldBy(who: string): number {
    return this.#held.get(who) ?? 0
  }
}
