import { sourceOf } from '../../net/address.ts'

/** Somebody may have so many times what would then be left for others. */
const generosity = 3

/** What is told of an association that there is no room for. */
export const noRoomForAssociation =
  'associations are refused: whoever asks has as many as may be while so few descriptors are left (ulimit -n)'

/** Whose associations count together: a user's, or without a login those of one source. */
export function holderOf(user: number, client: Uint8Array): string {
  return user > 0 ? `user ${user}` : sourceOf(client)
}

/**
 * How many associations each holder has in one loop. Nobody can take all that there are: who has three quarters of them
 * gets no more, and so on with what is left. The kernel spreads a source's connections over the loops, so each counts
 * for all.
 */
export class AssociationShares {
  readonly #loops: number
  readonly #held = new Map<string, number>()
  /** How many this loop has. */
  size = 0

  constructor(loops: number) {
    this.#loops = loops
  }

  /** Whether a holder may have one more, when so many more are possible in all loops together. */
  isFree(holder: string, left: number): boolean {
    return (this.#held.get(holder) ?? 0) * this.#loops < generosity * left
  }

  take(holder: string): void {
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + 1)
    this.size++
  }

  give(holder: string): void {
    const left = (this.#held.get(holder) ?? 0) - 1
    if (left > 0) this.#held.set(holder, left)
    else this.#held.delete(holder)
    this.size--
  }
}
