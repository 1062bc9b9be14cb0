import { RpcError } from '../../../shared/protocol/errors.ts'
import type { AuditEntry, Ban, WatchNotice } from '../../../shared/protocol/methods.ts'
import { type BanChange, type Client, followBans } from '../../client/index.ts'
import type { DataEvent } from '../state/state.ts'
import type { EntryFeed } from './entry-watch.ts'
import { TableWatch } from './table-watch.ts'

type Feed = (event: DataEvent) => void

/** Entries of the audit that are kept. */
const mostEntries = 500

/** What happens at a daemon. */
export function eventFeed(feed: Feed): EntryFeed<Extract<DataEvent, { type: 'events' }>['entries'][number]> {
  return {
    begin: async ({ call }, history) => (await call('events.subscribe', { history })).events,
    end: ({ call }) => call('events.unsubscribe', {}),
    listen: (client, hear) => client.on('events.entries', ({ events, missed }) => hear(events, missed)),
    begun: (entries) => feed({ type: 'eventsBegun', entries }),
    more: (entries, missed) => feed({ type: 'events', entries, missed }),
  }
}

/** What operators do there, for the page that has it newest first. */
export function auditFeed(feed: Feed): EntryFeed<AuditEntry> {
  let shown: readonly AuditEntry[] = []
  const show = (entries: readonly AuditEntry[]) => {
    shown = entries.slice(0, mostEntries)
    feed({ type: 'told', told: { audit: shown } })
  }
  return {
    begin: async ({ call }, history) => (await call('audit.subscribe', { history })).entries,
    end: ({ call }) => call('audit.unsubscribe', {}),
    listen: (client, hear) => client.on('audit.entries', ({ entries, missed }) => hear(entries, missed)),
    begun: (entries) => show(entries.toReversed()),
    more: (entries) => show([...entries.toReversed(), ...shown]),
  }
}

/** The sources that are kept out there, by source. */
export function banWatch(feed: Feed, failed: (error: unknown) => void): TableWatch<Ban, BanChange> {
  let bans = new Map<string, Ban>()
  const tell = () => {
    const all = [...bans.values()].sort((one, other) => (one.source < other.source ? -1 : 1))
    feed({ type: 'told', told: { bans: all } })
  }
  return new TableWatch(followBans, {
    snapshot: (rows) => {
      bans = new Map(rows.map((ban) => [ban.source, ban]))
      tell()
    },
    changed: (changes) => {
      for (const { changed, removed } of changes) {
        for (const ban of changed) bans.set(ban.source, ban)
        for (const source of removed) bans.delete(source)
      }
      tell()
    },
    failed,
  })
}

/** Hears what a daemon's watches tell, as long as the connection lasts. Rejects as `Client.call` does. */
export async function hearWatches(client: Client, tell: (notice: WatchNotice) => void): Promise<void> {
  client.on('watches.notices', ({ notices }) => notices.forEach(tell))
  try {
    await client.call('watches.subscribe', {})
  } catch (error) {
    // A daemon from before there were watches.
    if (!(error instanceof RpcError) || error.kind !== 'method_not_found') throw error
  }
}
