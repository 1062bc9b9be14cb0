import type { Connection, EventParams } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/client.ts'

/** Hears of the live connections: whole tables, and what changed since. */
export interface ConnectionListener {
  snapshot(rows: readonly Connection[]): void
  changed(changes: readonly EventParams<'connections.changed'>[]): void
  /** The table could not be asked for anew. */
  failed(error: unknown): void
}

/** Milliseconds over which changes are gathered: the daemon tells of a busy moment in many lines. */
const gathering = 50

/**
 * Follow the live connections for as long as `client` lives. The pages of a snapshot are gathered into one table; a gap
 * in `seq` means that something was missed, so the table is asked for anew. Rejects if the daemon refuses.
 */
export async function followConnections(client: Client, listener: ConnectionListener): Promise<void> {
  /** The pages of the snapshot under way. */
  let pages: Connection[] | null = null
  let lastSeq: number | null = null
  let changes: EventParams<'connections.changed'>[] = []
  /** Between two subscriptions: what still arrives belongs to the old one. */
  let deaf = false

  const tell = () => {
    if (changes.length > 0) listener.changed(changes)
    changes = []
  }
  const subscribe = () => {
    pages = []
    lastSeq = null
    deaf = false
    return client.call('connections.subscribe', {})
  }
  const inOrder = (seq: number): boolean => {
    if (deaf) return false
    const gap = lastSeq !== null && seq !== lastSeq + 1
    lastSeq = seq
    if (!gap) return true
    deaf = true
    client.call('connections.unsubscribe', {}).then(subscribe).catch(listener.failed)
    return false
  }

  client.on('connections.resync', ({ seq }) => {
    if (inOrder(seq)) pages = []
  })
  client.on('connections.snapshot', ({ seq, connections, last }) => {
    if (!inOrder(seq) || !pages) return
    pages.push(...connections)
    if (!last) return
    listener.snapshot(pages)
    pages = null
    changes = []
  })
  client.on('connections.changed', (change) => {
    if (!inOrder(change.seq) || pages) return
    if (changes.push(change) === 1) setTimeout(tell, gathering)
  })
  // What is left of this connection must not be taken for the next one's.
  void client.closed.then(() => {
    changes = []
  })
  await subscribe()
}
