import type { Connection, EventParams } from '../../shared/protocol/methods.ts'
import type { CallOptions, Client } from './client.ts'
import { type FollowedTable, followTable, type TableListener } from './follow-table.ts'

/** What changed since the event before: `moved` has new byte counts as [id, up, down]. */
export type ConnectionChange = Pick<EventParams<'connections.changed'>, 'changed' | 'moved' | 'closed' | 'missed'>

/** Hears of the live connections: whole tables, and what changed since, which `changeRows` carries out. */
export type ConnectionListener = TableListener<Connection, ConnectionChange>

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
 * Follow the live connections until `client` ends or the signal aborts. Follow once at a time. Rejects as `Client.call`
 * does.
 */
export async function followConnections(
  client: Client,
  listener: ConnectionListener,
  options: CallOptions = {},
): Promise<void> {
  await followTable(connections, client, listener, options)
}

const connections: FollowedTable<Connection, ConnectionChange> = {
  subscribe: 'connections.subscribe',
  unsubscribe: 'connections.unsubscribe',
  listen: (client, ears) => [
    client.on('connections.resync', ({ seq }) => ears.resync(seq)),
    client.on('connections.snapshot', ({ seq, connections, last }) => ears.page(seq, connections, last)),
    client.on('connections.changed', (change) => ears.changed(change.seq, change)),
  ],
}
