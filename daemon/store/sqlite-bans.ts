import type { DatabaseSync } from 'node:sqlite'
import type { Ban } from '../../shared/protocol/methods.ts'
import { rowsOf } from './sqlite-rows.ts'
import type { BanStore, Immediate, KnownStore, StoredKnown } from './store.ts'
import { inTransaction } from './transaction.ts'

/** Bans in a table of SQLite. */
export function sqliteBans(database: DatabaseSync): Immediate<BanStore> {
  const list = database.prepare('SELECT source, since, until, reason, by FROM bans')
  const put = database.prepare('INSERT OR REPLACE INTO bans (source, since, until, reason, by) VALUES (?, ?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM bans WHERE source = ?')
  const bytes = database.prepare('SELECT source, CAST(source AS BLOB) AS bytes FROM bans')
  const removeBytes = database.prepare('DELETE FROM bans WHERE source = CAST(? AS TEXT)')
  /** What is read of bytes that are no UTF-8 does not name them. */
  const forget = (source: string) => {
    const { changes } = remove.run(source)
    if (changes > 0 || !source.includes('\ufffd')) return
    for (const row of bytes.all()) if (row.source === source) removeBytes.run(row.bytes ?? null)
  }
  return {
    list: () => rowsOf<Ban>(list).map((row) => ({ ...row })),
    save(changes) {
      inTransaction(database, () => {
        for (const [source, ban] of changes) {
          if (ban && ban !== 'passed') put.run(source, ban.since, ban.until, ban.reason, ban.by)
          else forget(source)
        }
      })
    },
  }
}

/** The sources that somebody has logged in from, which no ban is about, in one row of a table of SQLite. */
export function sqliteKnown(database: DatabaseSync): Immediate<KnownStore> {
  const load = database.prepare('SELECT saved, entries FROM known_sources')
  const save = database.prepare('INSERT OR REPLACE INTO known_sources (one, saved, entries) VALUES (1, ?, ?)')
  return {
    load: () => rowsOf<StoredKnown>(load)[0],
    save: ({ saved, entries }) => void save.run(saved, entries),
  }
}
