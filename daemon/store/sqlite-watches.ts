import type { DatabaseSync } from 'node:sqlite'
import type { Immediate, StoredWatch, WatchStore } from './store.ts'
import { seenIn } from './stored-json.ts'

type Row = Omit<StoredWatch, 'seen'> & { seen: string }

/** Watches in a table of SQLite. */
export function sqliteWatches(database: DatabaseSync): Immediate<WatchStore> {
  const list = database.prepare('SELECT name, text, created, by, seen FROM watches ORDER BY created, name')
  const put = database.prepare('INSERT OR REPLACE INTO watches (name, text, created, by, seen) VALUES (?, ?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM watches WHERE name = ?')
  return {
    list: () => (list.all() as Row[]).map((row) => ({ ...row, seen: seenIn(row.seen) })),
    put: ({ name, text, created, by, seen = [] }) => void put.run(name, text, created, by, JSON.stringify(seen)),
    remove: (name) => void remove.run(name),
  }
}
