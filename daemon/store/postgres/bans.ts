import type { Ban } from '../../../shared/protocol/methods.ts'
import type { BanStore, KnownStore, StoredKnown } from '../store.ts'
import { clock, noted } from './changes.ts'
import type { Connections } from './connections.ts'
import { plain } from './operators.ts'

type Named = Pick<Ban, 'source'>

/** Bans in a table of PostgreSQL. */
export function postgresBans(connections: Connections, node: string): BanStore {
  return {
    list: () => connections.ask<Ban>('SELECT source, since, until, reason, by FROM proxyd.bans'),
    save: (changes) =>
      noted(connections, node, async (ask, note) => {
        const put = [...changes.values()].filter((ban) => ban !== null && ban !== 'passed')
        const lifted = [...changes.keys()].filter((source) => changes.get(source) === null)
        const gone = await ask<Named>(
          `DELETE FROM proxyd.bans WHERE source = ANY ($1::text[]) OR until < ${clock} RETURNING source`,
          [lifted],
        )
        const changed = await ask<Named>(
          `INSERT INTO proxyd.bans (source, since, until, reason, by)
          SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])
          ON CONFLICT (source) DO UPDATE
            SET since = excluded.since, until = excluded.until, reason = excluded.reason, by = excluded.by
            WHERE (bans.*) IS DISTINCT FROM (excluded.*)
          RETURNING source`,
          [
            put.map(({ source }) => source),
            put.map(({ since }) => since),
            put.map(({ until }) => until),
            put.map(({ reason }) => reason),
            put.map(({ by }) => by),
          ],
        )
        // Of one that they know nobody has to hear: else who hears of it and stores it, too, is heard of in turn.
        await note(
          'ban',
          [...gone, ...changed].map(({ source }) => source),
        )
      }),
  }
}

/** The sources that somebody has logged in from, of each node in a row of a table of PostgreSQL. */
export function postgresKnown(connections: Connections, node: string): KnownStore {
  return {
    async load() {
      const [row] = await connections.ask<StoredKnown>(
        'SELECT saved, entries FROM proxyd.known_sources WHERE node = $1',
        [node],
      )
      return row && { saved: row.saved, entries: plain(row.entries) }
    },
    async save({ saved, entries }) {
      await connections.ask(
        `INSERT INTO proxyd.known_sources (node, saved, entries) VALUES ($1, $2, $3)
        ON CONFLICT (node) DO UPDATE SET saved = excluded.saved, entries = excluded.entries`,
        [node, saved, entries],
      )
    },
  }
}
