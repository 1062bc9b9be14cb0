import type { AccessEntry } from '../../shared/protocol/methods.ts'
import { readSteadily, type SessionTable, State, stateCount } from '../engine/session-table.ts'
import type { EntryReader } from './entry.ts'

/** What has become of sessions since the last look. */
export interface Collected {
  readonly entries: AccessEntry[]
  /** How many sessions ended of which nothing is known: their rows were written over before they were read. */
  readonly lost: number
}

export interface Wish {
  readonly end: boolean
  readonly start: boolean
  /** Milliseconds between two signs of life; undefined: none are wanted. */
  readonly alive: number | undefined
}

/** A live session that was told of, or need not be. */
interface Told {
  /** When it reached its destination, or was last told to be alive; of `performance.now`. */
  last: number
  /** The last look that found it, counted. */
  look: number
}

/** What there is to tell of a live session, and when it was last told of. */
interface Found {
  readonly start: AccessEntry | undefined
  readonly alive: AccessEntry | undefined
  readonly last: number
}

/** Reads what has ended, and what lives, from the tables of all loops, which know nothing of it. */
export class Collector {
  wish: Wish = { end: true, start: false, alive: undefined }
  readonly #tables: readonly SessionTable[]
  readonly #reader: EntryReader
  readonly #from: number[]
  /** By serial: sessions that have reached their destinations, as far as they were live at a look. */
  readonly #told = new Map<number, Told>()
  #looks = 0

  /** Begins with those sessions that are still remembered, behind the first `from` of each table. */
  constructor(tables: readonly SessionTable[], reader: EntryReader, from: readonly number[]) {
    this.#tables = tables
    this.#reader = reader
    this.#from = [...from]
  }

  /** By table: how many sessions had ended before those that are still to be told of. */
  get position(): readonly number[] {
    return this.#from
  }

  /** Passes over all that has ended up to now. */
  skip(): void {
    for (const [i, { endings }] of this.#tables.entries()) this.#from[i] = endings.count
  }

  /** What has ended since the last time, in the order in which it did in each loop. */
  collectEnded(): Collected {
    const entries: AccessEntry[] = []
    let lost = 0
    for (const [loop, table] of this.#tables.entries()) {
      const to = table.endings.count
      const gone = table.endings.drain(this.#from[loop], to, (row) => this.#ended(table, row, loop))
      this.#from[loop] = to
      lost += gone.lost
      for (const { serial, told } of gone.values) {
        this.#told.delete(serial)
        entries.push(...told)
      }
    }
    return { entries, lost }
  }

  /** What lives and is to be told of. What has ended is to be collected before. `now`: of `performance.now`. */
  collectLive(now: number): AccessEntry[] {
    const { start, alive } = this.wish
    if (!start && alive === undefined) return []
    const entries: AccessEntry[] = []
    this.#looks++
    for (const [loop, table] of this.#tables.entries())
      for (let slot = 0; slot < table.capacity; slot++) {
        if (table.serial[slot] === 0) continue
        const read = () =>
          hasOpened(table, slot) && { serial: table.serial[slot], ...this.#read(table, slot, loop, now) }
        const live = readSteadily(table, slot, read).value
        if (live) entries.push(...this.#note(live.serial, live, now))
      }
    // Who is found no more and was not among those that have ended is one of those that were lost.
    for (const [serial, { look }] of this.#told) if (look < this.#looks - 1) this.#told.delete(serial)
    return entries
  }

  #read(table: SessionTable, slot: number, loop: number, now: number): Found {
    const told = this.#told.get(table.serial[slot])
    const { start, alive = Number.POSITIVE_INFINITY } = this.wish
    const last = told?.last ?? table.since[slot * stateCount + State.open]
    return {
      start: told || !start ? undefined : this.#reader.started(table, slot, loop),
      alive: now - last >= alive ? this.#reader.alive(table, slot, loop, now) : undefined,
      last,
    }
  }

  /** A live session is found: what is told of it. */
  #note(serial: number, { start, alive, last }: Found, now: number): AccessEntry[] {
    this.#told.set(serial, { last: alive ? now : last, look: this.#looks })
    return [start, alive].filter((entry) => entry !== undefined)
  }

  #ended(table: SessionTable, row: number, loop: number): { serial: number; told: AccessEntry[] } {
    const serial = table.serial[row]
    const told: AccessEntry[] = []
    // It came and went between two looks.
    if (this.wish.start && hasOpened(table, row) && !this.#told.has(serial))
      told.push(this.#reader.started(table, row, loop))
    if (this.wish.end) told.push(this.#reader.ended(table, row, loop))
    return { serial, told }
  }
}

function hasOpened({ since }: SessionTable, row: number): boolean {
  return since[row * stateCount + State.open] > 0
}
