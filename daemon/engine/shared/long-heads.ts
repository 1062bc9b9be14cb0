import { holderOf, Shares } from './shares.ts'

/** What a client may have said before it is connected without a look at how much others have, in bytes. */
export const shortHead = 4096

/** How many may have said more at once, in one loop: of 64 KiB each, they take 16 MiB. */
const mostLong = 256

/**
 * The sessions whose clients have sent long heads of HTTP and are not connected yet: a few, shared out by source, lest many who
 * send slowly take all memory.
 */
export class LongHeads {
  readonly #shares = new Shares(1)
  /** By slot. */
  readonly #holders = new Map<number, string>()

  /** Whether the session in this slot, of a client with that address, may have a long head; if so, `release` it. */
  take(slot: number, client: Uint8Array): boolean {
    if (this.#holders.has(slot)) return true
    const holder = holderOf(0, client)
    if (!this.#shares.isFree(holder, mostLong - this.#shares.size)) return false
    this.#shares.take(holder)
    this.#holders.set(slot, holder)
    return true
  }

  /** The session relays, or is over; nothing happens if it has no long head. */
  release(slot: number): void {
    if (this.#holders.size === 0) return
    const holder = this.#holders.get(slot)
    if (holder === undefined) return
    this.#holders.delete(slot)
    this.#shares.give(holder)
  }
}
