import type { AccessEntry } from '../../shared/protocol/methods.ts'
import type { EntryFilter } from './entry-filter.ts'

/** Entries in one event. */
const mostInOne = 500

/**
 * One who follows, as the log thread sees them: what they have not taken yet is bounded, and what comes beyond that is
 * counted in place of it.
 */
export class Follower {
  readonly #matches: EntryFilter
  readonly #send: (entries: string, missed: number) => void
  /** Characters that may be on their way. */
  #room: number
  #missed = 0

  constructor(matches: EntryFilter, room: number, send: (entries: string, missed: number) => void) {
    this.#matches = matches
    this.#room = room
    this.#send = send
  }

  /** `lost`: entries before these of which nobody knows more. */
  tell(all: readonly AccessEntry[], lost: number): void {
    this.#missed += lost
    const entries = all.filter(this.#matches)
    for (let at = 0; at < entries.length; at += mostInOne) this.#tellSome(entries.slice(at, at + mostInOne))
    // That they miss some is told, too, where nothing comes after.
    if (this.#missed > 0) this.#tellSome([])
  }

  /** They have taken so many. */
  taken(characters: number): void {
    this.#room += characters
  }

  #tellSome(entries: readonly AccessEntry[]): void {
    const text = JSON.stringify(entries)
    if (text.length > this.#room) {
      this.#missed += entries.length
      return
    }
    this.#room -= text.length
    this.#send(text, this.#missed)
    this.#missed = 0
  }
}
