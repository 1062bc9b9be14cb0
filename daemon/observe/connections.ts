import { randomInt } from 'node:crypto'
import type { ClosedConnection, Connection, Result } from '../../shared/protocol/methods.ts'
import type { Settings } from '../../shared/settings.ts'
import type { Engine } from '../engine/engine.ts'
import { type Age, oldestSessions } from './oldest-sessions.ts'
import { lastEnded, type Naming, type RateOf, readDetails, readLive } from './session-rows.ts'
import { type Changes, type TableChange, TableView } from './table-view.ts'
import type { WallClock } from './wall-clock.ts'

/** Milliseconds between two looks at the tables while somebody watches. */
const period = 250

interface Watcher {
  readonly listener: (change: TableChange) => void
}

/** The connections of an engine, live and recently closed, read from its tables. Unwatched, it costs nothing. */
export class ObservedConnections {
  readonly #engine: Pick<Engine, 'tables' | 'order'>
  readonly #naming: Naming
  readonly #settings: () => Readonly<Settings>
  readonly #wall: Pick<WallClock, 'look' | 'tell'>
  readonly #rateOf: RateOf
  /** Begins all ids; new at each start, so that an id from before is not found. */
  readonly tag = randomInt(36 ** 4)
    .toString(36)
    .padStart(4, '0')
  readonly #watchers = new Set<Watcher>()
  #views: readonly TableView[] = []
  /** The rows of all views in order, once somebody wants them: many who follow begin with the same. */
  #rows: readonly Connection[] | undefined
  #timer: NodeJS.Timeout | undefined
  /** How often the clock on the wall had been set when the views were last refreshed. */
  #clockSettings = 0

  /** `nameOf` tells a user's name by index, also of users who are gone; `settings` are those in force. */
  constructor(
    engine: Pick<Engine, 'tables' | 'order'>,
    nameOf: (index: number) => string | undefined,
    settings: () => Readonly<Settings>,
    wall: Pick<WallClock, 'look' | 'tell'>,
    rateOf: RateOf,
  ) {
    this.#rateOf = rateOf
    this.#wall = wall
    this.#engine = engine
    this.#settings = settings
    this.#naming = { nameOf, idOf: (serial) => `${this.tag}-${serial}`, timeOf: (time) => wall.tell(time) }
  }

  /**
   * At most `limit` live connections, oldest first, and the cursor of those behind them, if there are any: it names the
   * last one, so that what comes and goes meanwhile neither repeats nor hides the others. Undefined for a cursor that is none.
   */
  page(limit: number, cursor?: string): { connections: Connection[]; next?: string | undefined } | undefined {
    const after = cursor === undefined ? undefined : this.#ageOf(cursor)
    if (after === undefined && cursor !== undefined) return undefined
    this.#wall.look()
    const found = oldestSessions(this.#engine.tables, limit + 1, after)
    const shown = found.slice(0, limit)
    const connections = shown.flatMap(({ table, slot, serial }) => {
      const row = readLive(table, slot, this.#naming).value
      return row && row.id === this.#naming.idOf(serial) ? row : []
    })
    const last = shown.at(-1)
    return last && found.length > limit
      ? { connections, next: `${last.opened} ${this.#naming.idOf(last.serial)}` }
      : { connections }
  }

  closed(limit: number): ClosedConnection[] {
    this.#wall.look()
    return lastEnded(this.#engine.tables, limit, this.#naming)
  }

  get(id: string): Result<'connections.get'> | undefined {
    this.#wall.look()
    const serial = this.#serialOf(id)
    if (serial === undefined) return undefined
    return readDetails(this.#engine.tables, serial, this.#naming, { settings: this.#settings(), rateOf: this.#rateOf })
  }

  async kill(ids: readonly string[]): Promise<{ killed: string[]; missing: string[] }> {
    const wanted = [...new Set(ids)]
    const serials = wanted.map((id) => this.#serialOf(id)).filter((serial) => serial !== undefined)
    const ended = new Set((await this.#engine.order('kill', serials)).map(this.#naming.idOf))
    return { killed: wanted.filter((id) => ended.has(id)), missing: wanted.filter((id) => !ended.has(id)) }
  }

  watch(listener: (change: TableChange) => void): { rows: readonly Connection[]; stop(): void } {
    if (this.#watchers.size === 0) this.#start()
    const watcher = { listener }
    this.#watchers.add(watcher)
    return { rows: this.rows, stop: () => this.#forget(watcher) }
  }

  get rows(): readonly Connection[] {
    this.#rows ??= this.#views.flatMap((view) => view.rows).sort(byAge)
    return this.#rows
  }

  #start(): void {
    this.#views = this.#engine.tables.map((table) => new TableView(table, this.#naming))
    this.#clockSettings = this.#wall.look()
    this.#rows = undefined
    for (const view of this.#views) view.refresh(noChanges())
    this.#timer = setInterval(() => this.#refresh(), period).unref()
  }

  #forget(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return
    clearInterval(this.#timer)
    this.#views = []
    this.#rows = undefined
  }

  #refresh(): void {
    const changes = noChanges()
    const clockSettings = this.#wall.look()
    if (clockSettings !== this.#clockSettings) for (const view of this.#views) view.forget()
    this.#clockSettings = clockSettings
    for (const view of this.#views) view.refresh(changes)
    const { changed, moved, closed, missed } = changes
    if (changed.length + moved.length + closed.length + missed === 0) return
    this.#rows = undefined
    // A copy: who begins to watch now has seen these rows already.
    for (const { listener } of [...this.#watchers]) listener(changes)
  }

  #ageOf(cursor: string): Age | undefined {
    const [opened, id = ''] = cursor.split(' ')
    const serial = this.#serialOf(id)
    return serial === undefined || !Number.isFinite(Number(opened)) ? undefined : { opened: Number(opened), serial }
  }

  #serialOf(id: string): number | undefined {
    const serial = Number(id.slice(this.tag.length + 1))
    return Number.isSafeInteger(serial) && serial > 0 && this.#naming.idOf(serial) === id ? serial : undefined
  }
}

function noChanges(): Changes {
  return { changed: [], moved: [], closed: [], missed: 0 }
}

/** Oldest first. Sessions of one millisecond are in the order of their serials: all ids have one tag, so the shorter is the smaller. */
function byAge(a: Connection, b: Connection): number {
  return a.opened - b.opened || a.id.length - b.id.length || (a.id < b.id ? -1 : 1)
}
