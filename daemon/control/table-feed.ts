import { firstThatFit, type SharedEvent } from '../../shared/protocol/message.ts'
import type { Outlet, Subscription } from './session.ts'

/** Rows that come, change and go. */
export interface FollowedTable<Row, Change> {
  /** Hear of changes, from the rows as they are now, until `stop`. */
  watch(listener: (change: Change) => void): { stop(): void }
  /** As of the last change that watchers heard; only while somebody watches. */
  readonly rows: readonly Row[]
}

/** The same part of each list of a change, so that no event has more rows than a page. */
export type Cut = <Item>(list: readonly Item[]) => Item[]

/** The events of one table's feed. */
export interface TableEvents<Row, Change> {
  snapshot(seq: number, rows: Row[], last: boolean): string
  /** How long the longest of a change's lists is. */
  length(change: Change): number
  changed(change: Change, cut: Cut): SharedEvent
  resync(seq: number): string
}

export interface FeedLimits {
  /** Rows in one event. */
  readonly page: number
  /** Bytes of one event. */
  readonly line: number
  /** Bytes of changes that may wait for one client; the texts are shared by all clients. */
  readonly unsent: number
  /**
   * Milliseconds for which a table is still watched when nobody follows it any more: to begin costs a look at all of it,
   * and who goes and comes all the time must not cost that each time.
   */
  readonly linger: number
}

/** A table for all clients that follow it: looked at once, put into words once. */
export class TableFeed<Row, Change> {
  readonly #table: FollowedTable<Row, Change>
  readonly #events: TableEvents<Row, Change>
  readonly #limits: FeedLimits
  readonly #followers = new Set<Follower<Row, Change>>()
  #unwatch: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(table: FollowedTable<Row, Change>, events: TableEvents<Row, Change>, limits: FeedLimits) {
    this.#table = table
    this.#events = events
    this.#limits = limits
  }

  /** Send the table as it stands, from the first `pump` on, and then what changes. */
  follow(outlet: Outlet): Subscription {
    clearTimeout(this.#timer)
    this.#unwatch ??= this.#table.watch((change) => this.#spread(change)).stop
    const follower = new Follower(outlet, this.#table, this.#events, this.#limits)
    this.#followers.add(follower)
    return { pump: () => follower.pump(), stop: () => this.#forget(follower) }
  }

  #spread(change: Change): void {
    if (this.#followers.size === 0) return
    const events = this.#inEvents(change, 0, this.#events.length(change))
    for (const follower of this.#followers) follower.take(events)
  }

  /** These of a change's rows: in events of a page, or of less where a page of them is too long for a line. */
  #inEvents(change: Change, from: number, to: number): SharedEvent[] {
    if (from >= to) return []
    const { page, line } = this.#limits
    const rows = Math.min(to - from, page)
    const event = this.#events.changed(change, (list) => list.slice(from, from + rows))
    const isWhole = event.length <= line || rows === 1
    const middle = from + (isWhole ? rows : Math.ceil(rows / 2))
    return [...(isWhole ? [event] : this.#inEvents(change, from, middle)), ...this.#inEvents(change, middle, to)]
  }

  #forget(follower: Follower<Row, Change>): void {
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return
    this.#timer = setTimeout(() => {
      this.#unwatch?.()
      this.#unwatch = undefined
    }, this.#limits.linger).unref()
  }
}

class Follower<Row, Change> {
  readonly #outlet: Outlet
  readonly #table: FollowedTable<Row, Change>
  readonly #events: TableEvents<Row, Change>
  readonly #limits: FeedLimits
  /** What is left to send of the table. Changes since then wait behind it, so that no row outlives what it tells of. */
  #snapshot: Iterator<SnapshotPage<Row>>
  #changes: SharedEvent[] = []
  #waiting = 0
  #lagging = false
  #seq = 0

  constructor(outlet: Outlet, table: FollowedTable<Row, Change>, events: TableEvents<Row, Change>, limits: FeedLimits) {
    this.#outlet = outlet
    this.#table = table
    this.#events = events
    this.#limits = limits
    this.#snapshot = inPages(table.rows, limits)
  }

  take(events: readonly SharedEvent[]): void {
    // The fresh snapshot will show it.
    if (this.#lagging) return
    for (const event of events) {
      this.#changes.push(event)
      this.#waiting += event.length
    }
    if (this.#waiting > this.#limits.unsent) this.#lag()
    this.pump()
  }

  pump(): void {
    while (this.#outlet.ready) {
      const line = this.#next(this.#seq)
      if (line === undefined) return
      this.#seq++
      this.#outlet.send(line)
    }
  }

  /** Too slow: what waits is dropped. */
  #lag(): void {
    this.#lagging = true
    this.#changes = []
    this.#waiting = 0
  }

  #next(seq: number): string | undefined {
    if (this.#lagging) {
      this.#lagging = false
      this.#snapshot = inPages(this.#table.rows, this.#limits)
      return this.#events.resync(seq)
    }
    const page = this.#snapshot.next()
    if (!page.done) return this.#events.snapshot(seq, page.value.rows, page.value.last)
    const change = this.#changes.shift()
    this.#waiting -= change?.length ?? 0
    return change?.line(seq)
  }
}

interface SnapshotPage<Row> {
  readonly rows: Row[]
  readonly last: boolean
}

/** At least one page: an empty table is one too. */
function* inPages<Row>(rows: readonly Row[], { page, line }: FeedLimits): Generator<SnapshotPage<Row>> {
  let start = 0
  do {
    const shown = firstThatFit(rows.slice(start, start + page), line)
    start += shown.length
    yield { rows: shown, last: start >= rows.length }
  } while (start < rows.length)
}
