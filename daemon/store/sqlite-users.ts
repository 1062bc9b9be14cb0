import type { DatabaseSync } from 'node:sqlite'
import type { Immediate, StoredUser, UserStore } from './store.ts'

type UserRow = Omit<StoredUser, 'enabled'> & { enabled: number }

/** Users in a table of SQLite. Every change is a transaction of its own, on disk when the call returns. */
export function sqliteUsers(database: DatabaseSync): Immediate<UserStore> {
  const list = database.prepare('SELECT id, name, password, enabled, created FROM users')
  const insert = database.prepare(
    'INSERT INTO users (name, password, enabled, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const update = database.prepare('UPDATE users SET name = ?, password = ?, enabled = ?, created = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM users WHERE id = ?')
  const columns = ({ name, password, enabled, created }: Omit<StoredUser, 'id'>) => {
    return [name, password, Number(enabled), created]
  }

  return {
    list: () => (list.all() as UserRow[]).map((row) => ({ ...row, enabled: row.enabled === 1 })),
    insert(user) {
      const { changes, lastInsertRowid } = insert.run(...columns(user))
      return changes === 1 ? Number(lastInsertRowid) : undefined
    },
    update: (user) => update.run(...columns(user), user.id).changes === 1,
    remove: (id) => void remove.run(id),
  }
}
