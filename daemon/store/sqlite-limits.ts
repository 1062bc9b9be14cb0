import type { DatabaseSync } from 'node:sqlite'
import type { GroupStore, Immediate, StoredGroup, StoredUsage, UsageStore } from './store.ts'

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
      (list.all() as (Omit<StoredGroup, 'limits'> & { limits: string })[]).map((row) => ({
        ...row,
        limits: JSON.parse(row.limits),
      })),
    put: ({ name, limits, revision }) => void put.run(name, JSON.stringify(limits), revision),
    remove: (name) => void remove.run(name),
  }
}

/** What users have moved, in a table of SQLite. */
export function sqliteUsage(database: DatabaseSync): Immediate<UsageStore> {
  const list = database.prepare('SELECT user, up, down, mark, marked FROM usage')
  const save = database.prepare(
    `INSERT INTO usage (user, up, down, mark, marked)
    SELECT value ->> 'user', value ->> 'up', value ->> 'down', value ->> 'mark', value ->> 'marked' FROM json_each(?)
    WHERE value ->> 'user' IN (SELECT id FROM users)
    ON CONFLICT (user) DO UPDATE SET up = excluded.up, down = excluded.down, mark = excluded.mark, marked = excluded.marked`,
  )
  return {
    list: () => list.all() as unknown as StoredUsage[],
    save: (usages) => void save.run(JSON.stringify(usages)),
  }
}
