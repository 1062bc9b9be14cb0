import type { DatabaseSync } from 'node:sqlite'
import { rowsOf } from './sqlite-rows.ts'
import type { Immediate, SettingsStore } from './store.ts'
import { settingIn } from './stored-json.ts'

/**
 * Settings in a table of SQLite, their values as JSON, beside the revision that changed each last. What is taken back
 * stays as NULL, so that the highest revision is never forgotten.
 */
export function sqliteSettings(database: DatabaseSync): Immediate<SettingsStore> {
  const list = database.prepare('SELECT name, value, revision FROM settings')
  // All in one statement, which SQLite carries out as a whole or not at all.
  const save = database.prepare(
    `INSERT INTO settings (name, value, revision) SELECT key, value, ? FROM json_each(?) WHERE true
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, revision = excluded.revision`,
  )
  return {
    load() {
      const rows = rowsOf<{ name: string; value: string | null; revision: number }>(list)
      return {
        revision: Math.max(0, ...rows.map((row) => row.revision)),
        values: new Map(rows.flatMap(({ name, value }) => (value === null ? [] : [[name, settingIn(value)]]))),
      }
    },
    save(revision, changes) {
      const texts = [...changes].map(([name, value]) => [name, value === null ? null : JSON.stringify(value)])
      save.run(revision, JSON.stringify(Object.fromEntries(texts)))
    },
  }
}
