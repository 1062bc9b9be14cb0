import type { AccessEntry } from '../../shared/protocol/methods.ts'
import type { EntryFilter } from './entry-filter.ts'

/** Entries in one event. */
const mostInOne = 500

/** An entry that many may hear of: it is put into words once, and only if somebody does. */
export class News {
  readonly entry: AccessEntry
  #text: string | undefined

  constructor(entry: AccessEntry) {
    this.entry = entry
  }

  get text(): string {
    this.#text ??= JSON.stringify(this.entry)
    return this.#text
  }
}

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
  tell(all: readonly News[], lost: number): void {
    this.#missed += lost
    const news = all.filter(({ entry }) => this.#matches(entry))
    for (let at = 0; at < news.length; at += mostInOne) this.#tellSome(news.slice(at, at + mostInOne))
    // That they miss some is told, too, where nothing comes after.
    if (this.#missed > 0) this.#tellSome([])
  }

  /** They have taken so many. */
  taken(characters: number): void {
    this.#room += characters
  }

  #tellSome(news: readonly News[]): void {
    const text = `[${news.map(({ text }) => text).join(',')}]`
    if (text.length > this.#room) {
      this.#missed += news.length
      return
    }
    this.#room -= text.length
    this.#send(text, this.#missed)
    this.#missed = 0
  }
}
