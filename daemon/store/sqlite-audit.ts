import type { DatabaseSync } from 'node:sqlite'
import { type AuditRow, bytesOf, entryOf, rowOf } from './audit-rows.ts'
import { rowsOf } from './sqlite-rows.ts'
import type { AuditStore, AuditWish, Immediate } from './store.ts'
import { inTransaction } from './transaction.ts'

/** What operators did, in a table of SQLite. */
export function sqliteAudit(database: DatabaseSync): Immediate<AuditStore> {
  const insert = database.prepare(
    `INSERT INTO audit (time, operator, role, via, action, given, before, after, outcome, count, bytes)
    VALUES (:time, :operator, :role, :via, :action, :given, :before, :after, :outcome, :count, :bytes)`,
  )
  const forget = database.prepare('DELETE FROM audit WHERE time < :since RETURNING bytes')
  const forgetOldest = database.prepare(
    'DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT 100) RETURNING bytes',
  )
  const select = database.prepare(
    `SELECT id, time, operator, role, via, action, given, before, after, outcome, count FROM audit
    WHERE id < :before AND time >= :since AND time < :until AND (:by IS NULL OR operator = :by)
      AND (:action IS NULL OR action = :action OR substr(action, 1, length(:action) + 1) = :action || '.')
    ORDER BY id DESC LIMIT :limit`,
  )
  let bytes = bytesOf(rowsOf(database.prepare('SELECT total(bytes) AS bytes FROM audit')))

  return {
    append(entries, kept) {
      const ids: number[] = []
      bytes = inTransaction(database, () => {
        let now = bytes
        for (const entry of entries) {
          const row = rowOf(entry)
          ids.push(Number(insert.run(row).lastInsertRowid))
          now += row.bytes
        }
        now -= bytesOf(rowsOf(forget, { since: kept.since }))
        while (now > kept.bytes) now -= bytesOf(rowsOf(forgetOldest))
        return now
      })
      return ids
    },
    list: (wish) => rowsOf<AuditRow>(select, boundOf(wish)).map(entryOf),
  }
}

function boundOf({ since = 0, until = Number.MAX_SAFE_INTEGER, by, action, before, limit }: AuditWish) {
  return { since, until, by: by ?? null, action: action ?? null, before: before ?? Number.MAX_SAFE_INTEGER, limit }
}
