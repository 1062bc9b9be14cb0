import type { DatabaseSync } from 'node:sqlite'
import { rowsOf } from './sqlite-rows.ts'
import type { GroupStore, Immediate, StoredGroup } from './store.ts'
import { limitsIn } from './stored-json.ts'

/** Groups of users in a table of SQLite, their limits as JSON. */
export function sqliteGroups(database: DatabaseSync): Immediate<GroupStore> {
  const list = database.prepare('SELECT name, limits, revision FROM groups')
  const put = database.prepare(
    `INSERT INTO groups (name, limits, revision) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET limits = excluded.limits, revision = excluded.revision`,
  )
  const remove = database.prepare('DELETE FROM groups WHERE name = ?')
  return {
    list: () =>
      rowsOf<Omit<StoredGroup, 'limits'> & { limits: string }>(list).map((row) => ({
        ...row,
        limits: limitsIn(row.limits),
      })),
    put: ({ name, limits, revision }) => void put.run(name, JSON.stringify(limits), revision),
    remove: (name) => void remove.run(name),
  }
}
