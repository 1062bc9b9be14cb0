import type { StoredWatch, WatchStore } from '../store.ts'
import { seenIn } from '../stored-json.ts'
import { noted } from './changes.ts'
import type { Connections } from './connections.ts'

type Row = Omit<StoredWatch, 'seen'> & { seen: string }

/** Watches in a table of PostgreSQL. */
export function postgresWatches(connections: Connections, node: string): WatchStore {
  return {
    async list() {
      const rows = await connections.ask<Row>(
        'SELECT name, text, created, by, seen FROM proxyd.watches ORDER BY created, name',
      )
      return rows.map((row) => ({ ...row, seen: seenIn(row.seen) }))
    },
    put: ({ name, text, created, by, seen = [] }) =>
      noted(connections, node, async (ask, note) => {
        await ask(
          `INSERT INTO proxyd.watches (name, text, created, by, seen) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (name) DO UPDATE
            SET text = excluded.text, created = excluded.created, by = excluded.by, seen = excluded.seen`,
          [name, text, created, by, JSON.stringify(seen)],
        )
        await note('watch', [name])
      }),
    remove: (name) =>
      noted(connections, node, async (ask, note) => {
        const rows = await ask('DELETE FROM proxyd.watches WHERE name = $1 RETURNING name', [name])
        if (rows.length > 0) await note('watch', [name])
      }),
  }
}
