import type { DatabaseSync } from 'node:sqlite'
import { rowsOf } from './sqlite-rows.ts'
import type { Immediate, RuleStore, StoredRules } from './store.ts'
import { idsIn } from './stored-json.ts'

type RuleRow = Omit<StoredRules, 'ids'> & { ids: string }

/** The rules in the one row of a table of SQLite. A change is on disk when the call returns. */
export function sqliteRules(database: DatabaseSync): Immediate<RuleStore> {
  const load = database.prepare('SELECT revision, text, ids, next_id AS nextId FROM rules')
  const save = database.prepare(
    'INSERT OR REPLACE INTO rules (one, revision, text, ids, next_id) VALUES (1, ?, ?, ?, ?)',
  )
  return {
    load() {
      const [row] = rowsOf<RuleRow>(load)
      return row && { ...row, ids: idsIn(row.ids) }
    },
    save: ({ revision, text, ids, nextId }) => void save.run(revision, text, JSON.stringify(ids), nextId),
  }
}
