import type { DatabaseSync } from 'node:sqlite'
import { rowsOf } from './sqlite-rows.ts'
import type { Immediate, StoredWatch, WatchStore } from './store.ts'
import { seenIn } from './stored-json.ts'

type Row = Omit<StoredWatch, 'seen'> & { seen: string }

/** Watches in a table of SQLite. */
export function sqliteWatches(database: DatabaseSync): Immediate<WatchStore> {
  const list = database.prepare('SELECT name, text, created, by, seen FROM watches ORDER BY created, name')
  const insert = database.prepare(
    'INSERT INTO watches (name, text, created, by, seen) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const learn = database.prepare('UPDATE watches SET seen = ? WHERE name = ? AND created = ?')
  const remove = database.prepare('DELETE FROM watches WHERE name = ?')
  return {
    list: () => rowsOf<Row>(list).map((row) => ({ ...row, seen: seenIn(row.seen) })),
    insert: ({ name, text, created, by, seen = [] }) =>
      insert.run(name, text, created, by, JSON.stringify(seen)).changes === 1,
    learn: ({ name, created, seen = [] }) => void learn.run(JSON.stringify(seen), name, created),
    remove: (name) => void remove.run(name),
  }
}
