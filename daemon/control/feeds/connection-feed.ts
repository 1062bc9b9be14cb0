import { eventLine, type SharedEvent, sharedEvent } from '../../../shared/protocol/message.ts'
import type { Connection } from '../../../shared/protocol/methods.ts'
import type { LiveConnections, TableChange } from '../backend.ts'
import type { Outlet, Subscription } from './subscription.ts'

interface FeedLimits {
  /** Rows in one event. */
  readonly page: number
  /** Characters of changes that may wait for one client; the texts are shared by all clients. */
  readonly unsent: number
}

/** The live connections for all clients that follow them: looked at once, put into words once. */
export class ConnectionFeed {
  readonly #connections: LiveConnections
  readonly #limits: FeedLimits
  readonly #followers = new Set<Follower>()
  #unwatch: (() => void) | undefined

  constructor(connections: LiveConnections, limits: FeedLimits) {
    this.#connections = connections
    this.#limits = limits
  }

  /** Send the table as it stands, from the first `pump` on, and then what changes. */
  follow(outlet: Outlet): Subscription {
    this.#unwatch ??= this.#connections.watch((change) => this.#spread(change)).stop
    const follower = new Follower(outlet, () => this.#connections.rows, this.#limits)
    this.#followers.add(follower)
    return { pump: () => follower.pump(), stop: () => this.#forget(follower) }
  }

  #spread(change: TableChange): void {
    const events = [...changesInPages(change, this.#limits.page)]
    for (const follower of this.#followers) follower.take(events)
  }

  #forget(follower: Follower): void {
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return
    this.#unwatch?.()
    this.#unwatch = undefined
  }
}

class Follower {
  readonly #outlet: Outlet
  readonly #rows: () => readonly Connection[]
  readonly #limits: FeedLimits
  /** What is left to send of the table. Changes since then wait behind it, so that no row outlives its connection. */
  #snapshot: Iterator<SnapshotPage>
  #changes: SharedEvent[] = []
  #waiting = 0
  #lagging = false
  #seq = 0

  constructor(outlet: Outlet, rows: () => readonly Connection[], limits: FeedLimits) {
    this.#outlet = outlet
    this.#rows = rows
    this.#limits = limits
    this.#snapshot = snapshotInPages(rows(), limits.page)
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
      this.#snapshot = snapshotInPages(this.#rows(), this.#limits.page)
      return eventLine('connections.resync', { seq })
    }
    const page = this.#snapshot.next()
    if (!page.done) return eventLine('connections.snapshot', { seq, ...page.value })
    const change = this.#changes.shift()
    this.#waiting -= change?.length ?? 0
    return change?.line(seq)
  }
}

interface SnapshotPage {
  readonly connections: Connection[]
  readonly last: boolean
}

/** At least one page: an empty table is one too. */
function* snapshotInPages(rows: readonly Connection[], size: number): Generator<SnapshotPage> {
  let end = 0
  do {
    const start = end
    end += size
    yield { connections: rows.slice(start, end), last: end >= rows.length }
  } while (end < rows.length)
}

function* changesInPages({ changed, moved, closed }: TableChange, size: number): Generator<SharedEvent> {
  const most = Math.max(changed.length, moved.length, closed.length)
  for (let start = 0; start < most; start += size) {
    const end = start + size
    yield sharedEvent('connections.changed', {
      changed: changed.slice(start, end),
      moved: moved.slice(start, end).map(([id, up, down]) => [id, up, down]),
      closed: closed.slice(start, end),
    })
  }
}
