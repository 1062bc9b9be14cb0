import { setTimeout } from 'node:timers/promises'
import type { ClosedConnection, Connection, Result } from '../../shared/protocol/methods.ts'
import type { ObservedConnections } from './connections.ts'
import type { Changes, TableChange } from './table-view.ts'

/** Milliseconds between two looks at the other process while somebody watches. */
const period = 500
/** Milliseconds for which a list of its rows is good. */
const freshness = 1_000
/** Begins cursors of pages with its rows. */
const mark = 'before '

/** The connections of a process that this one follows, which serves them to their end. What it does not answer rejects. */
export interface OtherConnections {
  /** All of them. */
  list(): Promise<readonly Connection[]>
  closed(limit: number): Promise<readonly ClosedConnection[]>
  get(id: string): Promise<Result<'connections.get'> | undefined>
  /** See `GatheredChanges`. */
  take(afresh: boolean): Promise<Changes & { readonly isWhole: boolean }>
  /** Resolves when the process has gone, and all that it served. */
  readonly gone: Promise<void>
}

/** The connections of this process and of the one before, as one: operators see one daemon. */
export class JoinedConnections {
  readonly #own: ObservedConnections
  readonly #other: OtherConnections
  readonly #listeners = new Set<(change: TableChange) => void>()
  /** Of the other process, by id, while somebody watches. */
  readonly #theirs = new Map<string, Connection>()
  #listed: { readonly at: number; readonly rows: Promise<readonly Connection[]> } | undefined
  #isGone = false
  #isPolling = false
  /** At the next look: what is known of the rows is not enough. */
  #wantsAll = true

  constructor(own: ObservedConnections, other: OtherConnections) {
    this.#own = own
    this.#other = other
    void other.gone.then(() => {
      this.#isGone = true
      this.#tellGone()
    })
  }

  get rows(): readonly Connection[] {
    return this.#theirs.size === 0 ? this.#own.rows : [...this.#theirs.values(), ...this.#own.rows].sort(byAge)
  }

  watch(listener: (change: TableChange) => void): { rows: readonly Connection[]; stop(): void } {
    const watching = this.#own.watch(listener)
    this.#listeners.add(listener)
    void this.#poll()
    const stop = () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#forget()
      watching.stop()
    }
    return { rows: this.rows, stop }
  }

  /** Those of the other process come first: nearly all of them are older. */
  async page(limit: number, cursor?: string): Promise<Result<'connections.list'> | undefined> {
    if (this.#isGone || (cursor !== undefined && !cursor.startsWith(mark))) {
      return cursor?.startsWith(mark) ? this.#own.page(limit) : this.#own.page(limit, cursor)
    }
    const [opened, id = ''] = cursor?.slice(mark.length).split(' ') ?? []
    const after = { opened: Number(opened ?? Number.NEGATIVE_INFINITY), id }
    if (Number.isNaN(after.opened)) return undefined
    const rest = (await this.#list()).filter((row) => byAge(row, after) > 0)
    const shown = rest.slice(0, limit)
    const last = shown.at(-1)
    if (last && shown.length === limit) return { connections: shown, next: `${mark}${last.opened} ${last.id}` }
    const own = this.#own.page(limit - shown.length)
    return own && { ...own, connections: [...shown, ...own.connections] }
  }

  async closed(limit: number): Promise<ClosedConnection[]> {
    const theirs = this.#isGone ? [] : await this.#other.closed(limit).catch(() => [])
    return [...this.#own.closed(limit), ...theirs].sort((a, b) => b.ended - a.ended).slice(0, limit)
  }

  async get(id: string): Promise<Result<'connections.get'> | undefined> {
    return this.#own.get(id) ?? (this.#isGone ? undefined : this.#other.get(id).catch(() => undefined))
  }

  /** Of this process; the other one is told by itself. */
  kill(ids: readonly string[]): Promise<{ killed: string[]; missing: string[] }> {
    return this.#own.kill(ids)
  }

  #list(): Promise<readonly Connection[]> {
    const now = performance.now()
    if (this.#listed === undefined || now - this.#listed.at > freshness) {
      const rows = this.#other.list().then(
        (rows) => rows.toSorted(byAge),
        () => [],
      )
      this.#listed = { at: now, rows }
    }
    return this.#listed.rows
  }

  /** As long as somebody watches: the next look comes when the last one is answered, so nothing piles up. */
  async #poll(): Promise<void> {
    if (this.#isPolling) return
    this.#isPolling = true
    while (this.#listeners.size > 0 && !this.#isGone) {
      const wantsAll = this.#wantsAll
      this.#wantsAll = false
      const change = await this.#other.take(wantsAll).catch(() => undefined)
      if (change) this.#take(change)
      else this.#wantsAll = true
      await setTimeout(period, undefined, { ref: false })
    }
    this.#isPolling = false
  }

  #take({ isWhole, changed, moved, closed, missed }: Changes & { readonly isWhole: boolean }): void {
    if (this.#listeners.size === 0) return this.#forget()
    const ended = isWhole ? this.#goneFrom(changed) : closed.filter((id) => this.#theirs.has(id))
    for (const id of ended) this.#theirs.delete(id)
    for (const row of changed) this.#theirs.set(row.id, row)
    const known = moved.filter(([id, up, down]) => {
      const row = this.#theirs.get(id)
      if (row) this.#theirs.set(id, { ...row, up, down })
      return row !== undefined
    })
    this.#tell({ changed, moved: known, closed: ended, missed })
  }

  #forget(): void {
    this.#theirs.clear()
    this.#wantsAll = true
  }

  #goneFrom(rows: readonly Connection[]): string[] {
    const there = new Set(rows.map(({ id }) => id))
    return [...this.#theirs.keys()].filter((id) => !there.has(id))
  }

  #tellGone(): void {
    const closed = [...this.#theirs.keys()]
    this.#theirs.clear()
    this.#tell({ changed: [], moved: [], closed, missed: 0 })
  }

  #tell(change: TableChange): void {
    const { changed, moved, closed, missed } = change
    if (changed.length + moved.length + closed.length + missed === 0) return
    for (const listener of [...this.#listeners]) listener(change)
  }
}

/** Oldest first; two of one millisecond by their ids. */
function byAge(a: Pick<Connection, 'opened' | 'id'>, b: Pick<Connection, 'opened' | 'id'>): number {
  return a.opened - b.opened || (a.id < b.id ? -1 : Number(a.id > b.id))
}
