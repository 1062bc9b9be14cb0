import { RpcError } from '../../shared/protocol/errors.ts'
import { limits } from '../../shared/protocol/limits.ts'
import type { Method } from '../../shared/protocol/methods.ts'
import type { CallOptions, Client } from './client.ts'

/** Hears of a table: whole at first, and what changed since. */
export interface TableListener<Row, Change> {
  snapshot(rows: readonly Row[]): void
  /** Oldest first. */
  changed(changes: readonly Change[]): void
  /** The table has no end, or could not be asked for anew, so nothing more is heard; `ConnectionError` if the connection has ended. */
  failed(error: unknown): void
}

/** A table that the daemon tells of in events which count themselves. */
export interface FollowedTable<Row, Change extends TableChange> {
  readonly subscribe: Extract<Method, `${string}.subscribe`>
  readonly unsubscribe: Extract<Method, `${string}.unsubscribe`>
  /** Hear its events; each of the returned functions ends that for one of them. */
  listen(client: Client, ears: TableEars<Row, Change>): readonly (() => void)[]
}

interface TableEars<Row, Change> {
  resync(seq: number): void
  page(seq: number, rows: readonly Row[], last: boolean): void
  changed(seq: number, change: Change): void
}

interface TableChange {
  /** Rows that are new, or are others now. */
  readonly changed: readonly unknown[]
}

/** Rows of a table: no daemon has more connections, or users. */
const mostRows = 1_000_000
/** Characters of them, as JSON: some 500 for each. */
const mostCharacters = 500_000_000

/** Milliseconds over which changes are gathered: the daemon tells of a busy moment in many lines. */
const gathering = 50

/**
 * Follow a table until `client` ends or the signal aborts. The pages of a snapshot are gathered into one table; a gap in
 * `seq` means that something was missed, so the table is asked for anew. So it is once as much has changed as a table may have:
 * rows of which the daemon never tells that they are gone do not fill the memory. Rejects as `Client.call` does.
 */
export async function followTable<Row, Change extends TableChange>(
  table: FollowedTable<Row, Change>,
  client: Client,
  listener: TableListener<Row, Change>,
  { signal }: CallOptions,
): Promise<void> {
  signal?.throwIfAborted()
  const feed = new Feed(table, client, listener)
  const stop = () => feed.stop()
  signal?.addEventListener('abort', stop)
  void client.closed.then(() => signal?.removeEventListener('abort', stop))
  try {
    await feed.begin()
  } catch (error) {
    stop()
    throw error
  }
}

class Feed<Row, Change extends TableChange> {
  readonly #table: FollowedTable<Row, Change>
  readonly #client: Client
  readonly #listener: TableListener<Row, Change>
  readonly #stops: readonly (() => void)[]
  /** The pages of the snapshot under way. */
  #pages: Row[] | null = null
  /** Rows, and their characters, of that snapshot, or of what has changed since the last one. */
  #rows = 0
  #characters = 0
  #lastSeq: number | null = null
  #changes: Change[] = []
  /** Between two subscriptions: what still arrives belongs to the old one. */
  #deaf = false
  #stopped = false

  constructor(table: FollowedTable<Row, Change>, client: Client, listener: TableListener<Row, Change>) {
    this.#table = table
    this.#client = client
    this.#listener = listener
    this.#stops = table.listen(client, {
      resync: (seq) => {
        if (this.#isNext(seq)) this.#expectPages()
      },
      page: (seq, rows, last) => this.#gather(seq, rows, last),
      changed: (seq, change) => {
        if (!this.#isNext(seq) || this.#pages) return
        if (!this.#hasRoomFor(change.changed)) return void this.#beginAnew()
        if (this.#changes.push(change) === 1) setTimeout(() => this.#tell(), gathering)
      },
    })
    // What is left of this connection must not be taken for the next one's.
    void client.closed.then(() => this.#forget())
  }

  async begin(): Promise<void> {
    this.#expectPages()
    this.#lastSeq = null
    this.#deaf = false
    await this.#client.call(this.#table.subscribe, {})
  }

  stop(): void {
    this.#stopped = true
    this.#deaf = true
    this.#forget()
    for (const stop of this.#stops) stop()
    // If the connection has ended, nothing is left to be stopped.
    this.#client.call(this.#table.unsubscribe, {}).catch(() => {})
  }

  #gather(seq: number, rows: readonly Row[], last: boolean): void {
    if (!this.#isNext(seq) || !this.#pages) return
    if (!Array.isArray(rows) || rows.length > limits.page) return this.#giveUp('a page of the table makes no sense')
    if (!this.#hasRoomFor(rows)) return this.#giveUp(`the table has no end after ${this.#rows} rows`)
    this.#pages.push(...rows)
    if (!last) return
    this.#listener.snapshot(this.#pages)
    this.#pages = null
    this.#beginCount()
    this.#forget()
  }

  #expectPages(): void {
    this.#pages = []
    this.#beginCount()
  }

  #beginCount(): void {
    this.#rows = 0
    this.#characters = 0
  }

  #hasRoomFor(rows: readonly unknown[]): boolean {
    this.#rows += rows.length
    this.#characters += JSON.stringify(rows).length
    return this.#rows <= mostRows && this.#characters <= mostCharacters
  }

  #giveUp(why: string): void {
    this.stop()
    this.#listener.failed(new RpcError('internal_error', why))
  }

  #isNext(seq: number): boolean {
    if (this.#deaf) return false
    const gap = this.#lastSeq !== null && seq !== this.#lastSeq + 1
    this.#lastSeq = seq
    if (gap) void this.#beginAnew()
    return !gap
  }

  async #beginAnew(): Promise<void> {
    this.#deaf = true
    try {
      await this.#client.call(this.#table.unsubscribe, {})
      if (!this.#stopped) await this.begin()
    } catch (error) {
      if (!this.#stopped) this.#listener.failed(error)
    }
  }

  #tell(): void {
    if (this.#changes.length > 0) this.#listener.changed(this.#changes)
    this.#changes = []
  }

  #forget(): void {
    this.#changes = []
  }
}
