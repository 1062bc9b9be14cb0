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
    insert: ({ name, text, created, by, seen = [] }) =>
      noted(connections, node, async (ask, note) => {
        const rows = await ask(
          `INSERT INTO proxyd.watches (name, text, created, by, seen) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (name) DO NOTHING RETURNING name`,
          [name, text, created, by, JSON.stringify(seen)],
        )
        if (rows.length > 0) await note('watch', [name])
        return rows.length > 0
      }),
    learn: ({ name, created, seen = [] }) =>
      noted(connections, node, async (ask, note) => {
        const rows = await ask('UPDATE proxyd.watches SET seen = $3 WHERE name = $1 AND created = $2 RETURNING name', [
          name,
          created,
          JSON.stringify(seen),
        ])
        if (rows.length > 0) await note('watch', [name])
      }),
    remove: (name) =>
      noted(connections, node, async (ask, note) => {
        const rows = await ask('DELETE FROM proxyd.watches WHERE name = $1 RETURNING name', [name])
        if (rows.length > 0) await note('watch', [name])
      }),
  }
}
