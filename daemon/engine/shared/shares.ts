import { sourceOf } from '../../net/address.ts'

/** Somebody may have so many times what would then be left for others. */
const generosity = 3

/** What counts together: a user's, or without a login that of one source. */
export function holderOf(user: number, client: Uint8Array): string {
  return user > 0 ? `user ${user}` : sourceOf(client)
}

/**
 * How many of something scarce each holder has in one loop. Nobody can take all that there are: who has three quarters of
 * them gets no more, and so on with what is left. The kernel spreads a source's connections over the loops, so of what
 * all loops have together each counts for all.
 */
export class Shares {
  readonly #loops: number
  readonly #held = new Map<string, number>()
  /** How many this loop has. */
  size = 0

  /** `loops`: how many have it together. */
  constructor(loops: number) {
    this.#loops = loops
  }

  /** Whether a holder may have one more, when so many more are possible. */
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
