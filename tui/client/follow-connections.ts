import type { Connection, EventParams } from '../../shared/protocol/methods.ts'
import type { CallOptions, Client } from './client.ts'

/** What changed since the event before: `moved` has new byte counts as [id, up, down]. */
export type ConnectionChange = Pick<EventParams<'connections.changed'>, 'changed' | 'moved' | 'closed'>

/** Hears of the live connections: whole tables, and what changed since. */
export interface ConnectionListener {
  snapshot(rows: readonly Connection[]): void
  /** Oldest first; `changeRows` carries them out. */
  changed(changes: readonly ConnectionChange[]): void
  /** The table could not be asked for anew, so nothing more is heard; `ConnectionError` if the connection has ended. */
  failed(error: unknown): void
}

/** Milliseconds over which changes are gathered: the daemon tells of a busy moment in many lines. */
const gathering = 50

/** Carry out changes on a table by id. */
export function changeRows(rows: Map<string, Connection>, changes: readonly ConnectionChange[]): void {
  for (const { changed, moved, closed } of changes) {
    for (const row of changed) rows.set(row.id, row)
    for (const [id, up, down] of moved) {
      const row = rows.get(id)
      if (row) rows.set(id, { ...row, up, down })
    }
    for (const id of closed) rows.delete(id)
  }
}

/**
 * Follow the live connections until `client` ends or the signal aborts. The pages of a snapshot are gathered into one
 * table; a gap in `seq` means that something was missed, so the table is asked for anew. Follow once at a time.
 * Rejects as `Client.call` does.
 */
export async function followConnections(
  client: Client,
  listener: ConnectionListener,
  { signal }: CallOptions = {},
): Promise<void> {
  signal?.throwIfAborted()
  const feed = new Feed(client, listener)
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

class Feed {
  readonly #client: Client
  readonly #listener: ConnectionListener
  readonly #stops: readonly (() => void)[]
  /** The pages of the snapshot under way. */
  #pages: Connection[] | null = null
  #lastSeq: number | null = null
  #changes: ConnectionChange[] = []
  /** Between two subscriptions: what still arrives belongs to the old one. */
  #deaf = false
  #stopped = false

  constructor(client: Client, listener: ConnectionListener) {
    this.#client = client
    this.#listener = listener
    this.#stops = [
      client.on('connections.resync', ({ seq }) => {
        if (this.#isNext(seq)) this.#pages = []
      }),
      client.on('connections.snapshot', (page) => this.#gather(page)),
      client.on('connections.changed', (change) => {
        if (!this.#isNext(change.seq) || this.#pages) return
        if (this.#changes.push(change) === 1) setTimeout(() => this.#tell(), gathering)
      }),
    ]
    // What is left of this connection must not be taken for the next one's.
    void client.closed.then(() => this.#forget())
  }

  async begin(): Promise<void> {
    this.#pages = []
    this.#lastSeq = null
    this.#deaf = false
    await this.#client.call('connections.subscribe', {})
  }

  stop(): void {
    this.#stopped = true
    this.#deaf = true
    this.#forget()
    for (const stop of this.#stops) stop()
    // If the connection has ended, nothing is left to be stopped.
    this.#client.call('connections.unsubscribe', {}).catch(() => {})
  }

  #gather({ seq, connections, last }: EventParams<'connections.snapshot'>): void {
    if (!this.#isNext(seq) || !this.#pages) return
    this.#pages.push(...connections)
    if (!last) return
    this.#listener.snapshot(this.#pages)
    this.#pages = null
    this.#forget()
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
      await this.#client.call('connections.unsubscribe', {})
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
