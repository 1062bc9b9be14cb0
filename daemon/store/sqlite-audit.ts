import type { DatabaseSync } from 'node:sqlite'
import type { AuditEntry } from '../../shared/protocol/methods.ts'
import { rowsOf } from './sqlite-rows.ts'
import type { AuditStore, AuditWish, Immediate } from './store.ts'
import { factsIn } from './stored-json.ts'
import { inTransaction } from './transaction.ts'

interface Row extends Omit<AuditEntry, 'by' | 'from' | 'given' | 'before' | 'after'> {
  readonly operator: string | null
  readonly via: string
  readonly given: string
  readonly before: string | null
  readonly after: string | null
}

/** What operators did, in a table of SQLite. */
export function sqliteAudit(database: DatabaseSync): Immediate<AuditStore> {
  const insert = database.prepare(
    `INSERT INTO audit (time, operator, role, via, action, given, before, after, outcome, count, bytes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const forget = database.prepare('DELETE FROM audit WHERE time < ? RETURNING bytes')
  const forgetOldest = database.prepare(
    'DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT 100) RETURNING bytes',
  )
  const select = database.prepare(
    `SELECT id, time, operator, role, via, action, given, before, after, outcome, count FROM audit
    WHERE id < :before AND time >= :since AND time < :until AND (:by IS NULL OR operator = :by)
      AND (:action IS NULL OR action = :action OR substr(action, 1, length(:action) + 1) = :action || '.')
    ORDER BY id DESC LIMIT :limit`,
  )
  let bytes = sumOf(database.prepare('SELECT total(bytes) AS bytes FROM audit').all())

  return {
    append(entries, kept) {
      const ids: number[] = []
      bytes = inTransaction(database, () => {
        let now = bytes
        for (const entry of entries) {
          const { id, size } = add(entry)
          ids.push(id)
          now += size
        }
        now -= sumOf(forget.all(kept.since))
        while (now > kept.bytes) now -= sumOf(forgetOldest.all())
        return now
      })
      return ids
    },
    list: (wish) => rowsOf<Row>(select, boundOf(wish)).map(entryOf),
  }

  /** Returns its id, and the bytes of its texts. */
  function add(entry: Omit<AuditEntry, 'id'>): { readonly id: number; readonly size: number } {
    const { time, by, role, from, action, given, before, after, outcome, count } = entry
    const texts = [given, before, after].map((facts) => (facts === undefined ? null : JSON.stringify(facts)))
    const size = [by, from, action, ...texts].reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0)
    const [givenText = '{}', beforeText = null, afterText = null] = texts
    const { lastInsertRowid } = insert.run(
      time,
      by,
      role,
      from,
      action,
      givenText,
      beforeText,
      afterText,
      outcome,
      count,
      size,
    )
    return { id: Number(lastInsertRowid), size }
  }
}

function sumOf(rows: readonly unknown[]): number {
  return (rows as readonly { readonly bytes: number }[]).reduce((sum, { bytes }) => sum + bytes, 0)
}

function boundOf({ since = 0, until = Number.MAX_SAFE_INTEGER, by, action, before, limit }: AuditWish) {
  return { since, until, by: by ?? null, action: action ?? null, before: before ?? Number.MAX_SAFE_INTEGER, limit }
}

function entryOf({ operator, via, given, before, after, ...rest }: Row): AuditEntry {
  return {
    ...rest,
    by: operator,
    from: via,
    given: factsIn(given),
    ...(before !== null && { before: factsIn(before) }),
    ...(after !== null && { after: factsIn(after) }),
  }
}
