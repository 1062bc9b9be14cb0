import type { DatabaseSync } from 'node:sqlite'
import type { Ban } from '../../shared/protocol/methods.ts'
import type { BanStore, Immediate } from './store.ts'
import { inTransaction } from './transaction.ts'

/** Bans in a table of SQLite. */
export function sqliteBans(database: DatabaseSync): Immediate<BanStore> {
  const list = database.prepare('SELECT source, since, until, reason, by FROM bans')
  const put = database.prepare('INSERT OR REPLACE INTO bans (source, since, until, reason, by) VALUES (?, ?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM bans WHERE source = ?')
  return {
    list: () => (list.all() as Ban[]).map((row) => ({ ...row })),
    save(changes) {
      inTransaction(database, () => {
        for (const [source, ban] of changes) {
          if (ban) put.run(source, ban.since, ban.until, ban.reason, ban.by)
          else remove.run(source)
        }
      })
    },
  }
}
