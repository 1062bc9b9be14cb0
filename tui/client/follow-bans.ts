import type { Ban, EventParams } from '../../shared/protocol/methods.ts'
import type { CallOptions, Client } from './client.ts'
import { type FollowedTable, followTable, type TableListener } from './follow-table.ts'

/** What changed since the event before: whole bans, and sources that are let in again. */
export type BanChange = Pick<EventParams<'bans.changed'>, 'changed' | 'removed'>

/** Hears of the bans: all of them, and what changed since. */
export type BanListener = TableListener<Ban, BanChange>

/** Follow the bans until `client` ends or the signal aborts. Follow once at a time. Rejects as `Client.call` does. */
export async function followBans(client: Client, listener: BanListener, options: CallOptions = {}): Promise<void> {
  await followTable(bans, client, listener, options)
}

const bans: FollowedTable<Ban, BanChange> = {
  subscribe: 'bans.subscribe',
  unsubscribe: 'bans.unsubscribe',
  listen: (client, ears) => [
    client.on('bans.resync', ({ seq }) => ears.resync(seq)),
    client.on('bans.snapshot', ({ seq, bans, last }) => ears.page(seq, bans, last)),
    client.on('bans.changed', (change) => ears.changed(change.seq, change)),
  ],
}
