import type { DatabaseSync } from 'node:sqlite'
import type { Immediate, KnownStore, StoredKnown } from './store.ts'

/** Known sources in a table of SQLite. */
export function sqliteKnown(database: DatabaseSync): Immediate<KnownStore> {
  const load = database.prepare('SELECT saved, entries FROM known_sources')
  const save = database.prepare('INSERT OR REPLACE INTO known_sources (one, saved, entries) VALUES (1, ?, ?)')
  return {
    load: () => load.get() as StoredKnown | undefined,
    save: ({ saved, entries }) => void save.run(saved, entries),
  }
}
