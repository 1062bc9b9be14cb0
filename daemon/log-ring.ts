import type { LogEntry } from '../shared/protocol/methods.ts'
import { tellObservers } from './contained.ts'

/** Entries kept. */
const most = 1_000
/** Characters kept in all entries together, and in one text. */
const mostCharacters = 1024 * 1024
const longestText = 4 * 1024

/** The newest lines of the log, in memory. */
export class LogRing {
  readonly #entries: LogEntry[] = []
  readonly #listeners = new Set<(entry: LogEntry) => void>()
  #characters = 0
  #lastSeq = 0
  /** Entries that the listeners have not heard yet, and whether somebody tells them already. */
  readonly #news: LogEntry[] = []
  #isTelling = false

  history(count: number, wants: (entry: LogEntry) => boolean): LogEntry[] {
    return count > 0 ? this.#entries.filter(wants).slice(-count) : []
  }

  watch(listener: (entry: LogEntry) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Records a line of the log; texts that are too long lose their end. */
  add(line: Omit<LogEntry, 'seq'>): void {
    const entry = { ...shortened(line), seq: ++this.#lastSeq }
    this.#entries.push(entry)
    this.#characters += sizeOf(entry)
    while (this.#entries.length > most || this.#characters > mostCharacters) this.#dropOldest()
    this.#news.push(entry)
    this.#tell()
  }

  #dropOldest(): void {
    const oldest = this.#entries.shift()
    if (oldest) this.#characters -= sizeOf(oldest)
  }

  /** What a listener does may be logged in turn: everybody hears the entries in their order all the same. */
  #tell(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      for (let entry = this.#news.shift(); entry; entry = this.#news.shift()) tellObservers(this.#listeners, entry)
    } finally {
      this.#isTelling = false
    }
  }
}

function shortened({ message, fields, ...rest }: Omit<LogEntry, 'seq'>): Omit<LogEntry, 'seq'> {
  const entry = { ...rest, message: cut(message) }
  if (!fields) return entry
  return { ...entry, fields: Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, cut(text)])) }
}

function cut(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText).toWellFormed()}…` : text
}

function sizeOf({ message, fields = {} }: LogEntry): number {
  return Object.entries(fields).reduce((sum, [name, text]) => sum + name.length + text.length, message.length)
}
