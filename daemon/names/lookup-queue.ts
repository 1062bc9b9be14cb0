import type { Lookup } from './lookup.ts'
import { type Payer, Shares } from './shares.ts'

/** Names that may wait for their turn. */
const mostWaiting = 4_096

/** The lookups of one payer. */
interface Line {
  readonly payer: Payer
  lookups: Lookup[]
}

/** Names that wait to be looked up: a line for each account, and the lines have their turns. */
export class LookupQueue {
  /** By place. A Map keeps the order: whichever has had its turn goes to the end. */
  readonly #lines = new Map<string, Line>()
  readonly #shares = new Shares(mostWaiting)

  get isEmpty(): boolean {
    return this.#lines.size === 0
  }

  /** Whether one more may wait on this account. */
  hasRoomFor(payer: Payer): boolean {
    return this.#shares.hasRoomFor(payer)
  }

  /** One lookup may stand in several lines: the first that has its turn takes it. */
  add(lookup: Lookup, payer: Payer): void {
    const line = this.#lines.get(payer.place) ?? { payer, lookups: [] }
    this.#lines.set(payer.place, line)
    line.lookups.push(lookup)
    this.#shares.take(payer)
  }

  /** Take out, by turns, what may run beside what does; the caller notes each in `running`. */
  *take(running: Shares): Generator<Lookup> {
    for (const [place, line] of this.#lines) {
      if (!running.hasRoomFor(line.payer)) continue
      const lookup = this.#shift(line)
      this.#lines.delete(place)
      // At the end, this loop comes to it again.
      if (line.lookups.length > 0) this.#lines.set(place, line)
      if (lookup) yield lookup
    }
  }

  /** Drop what nobody waits for any more. Returns those that nobody was told of. */
  sweep(now: number): Lookup[] {
    const dropped = new Set<Lookup>()
    for (const [place, line] of this.#lines) {
      const kept = line.lookups.filter((lookup) => lookup.isQueued && lookup.isWanted(now))
      for (const lookup of line.lookups) if (lookup.isQueued && !lookup.isWanted(now)) dropped.add(lookup)
      for (let i = kept.length; i < line.lookups.length; i++) this.#shares.give(line.payer)
      line.lookups = kept
      if (kept.length === 0) this.#lines.delete(place)
    }
    return [...dropped]
  }

  #shift(line: Line): Lookup | undefined {
    for (let lookup = line.lookups.shift(); lookup; lookup = line.lookups.shift()) {
      this.#shares.give(line.payer)
      if (lookup.isQueued) return lookup
    }
    return undefined
  }
}
