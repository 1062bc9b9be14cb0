import type { DatabaseSync } from 'node:sqlite'
import type { Immediate, StoredUser, UserStore } from './store.ts'

type UserRow = Omit<StoredUser, 'enabled' | 'limits'> & { enabled: number; limits: string }

/** Users in a table of SQLite. Every change is a transaction of its own, on disk when the call returns. */
export function sqliteUsers(database: DatabaseSync): Immediate<UserStore> {
  const list = database.prepare(
    'SELECT id, name, password, enabled, created, limits, revision, first_used AS firstUsed FROM users',
  )
  const insert = database.prepare(
    `INSERT INTO users (name, password, enabled, created, limits, revision, first_used) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING`,
  )
  const update = database.prepare(
    `UPDATE users SET name = ?, password = ?, enabled = ?, created = ?, limits = ?, revision = ?, first_used = ?
    WHERE id = ?`,
  )
  const setLimits = database.prepare(
    `UPDATE users SET limits = value ->> 'limits', revision = value ->> 'revision', first_used = value ->> 'firstUsed'
    FROM json_each(?) WHERE users.id = value ->> 'id'`,
  )
  const remove = database.prepare('DELETE FROM users WHERE id = ?')
  const columns = ({ name, password, enabled, created, limits, revision, firstUsed }: Omit<StoredUser, 'id'>) => {
    return [name, password, Number(enabled), created, JSON.stringify(limits), revision, firstUsed]
  }

  return {
    list: () =>
      (list.all() as UserRow[]).map((row) => ({ ...row, enabled: row.enabled === 1, limits: JSON.parse(row.limits) })),
    insert(user) {
      const { changes, lastInsertRowid } = insert.run(...columns(user))
      return changes === 1 ? Number(lastInsertRowid) : undefined
    },
    update: (user) => update.run(...columns(user), user.id).changes === 1,
    setLimits: (changes) => void setLimits.run(JSON.stringify(changes)),
    remove: (id) => void remove.run(id),
  }
}
