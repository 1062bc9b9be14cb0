import type { Connection, EventParams } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/client.ts'

/** Hears of the live connections: whole tables, and what changed since. */
export interface ConnectionListener {
  snapshot(rows: readonly Connection[]): void
  changed(change: EventParams<'connections.changed'>): void
}

/**
 * Follow the live connections for as long as `client` lives. The pages of a snapshot are gathered into one table; a gap
 * in `seq` means that something was missed, so the table is asked for anew. Rejects if the daemon refuses.
 */
export async function followConnections(client: Client, listener: ConnectionListener): Promise<void> {
  /** The pages of the snapshot under way. */
  let pages: Connection[] | null = null
  let lastSeq: number | null = null
  /** Between two subscriptions: what still arrives belongs to the old one. */
  let deaf = false

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
    // If this fails the connection has ended, and whoever waits for `client.closed` hears of it.
    client.call('connections.unsubscribe', {}).then(subscribe, () => {})
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
  })
  client.on('connections.changed', (change) => {
    if (inOrder(change.seq) && !pages) listener.changed(change)
  })
  await subscribe()
}
