import type { DatabaseSync } from 'node:sqlite'
import type { Immediate, StoredUser, UserStore } from './store.ts'

type UserRow = { name: string; password: string; enabled: number; created: number }

/** Users in a table of SQLite. Every change is a transaction of its own, on disk when the call returns. */
export function sqliteUsers(database: DatabaseSync): Immediate<UserStore> {
  const list = database.prepare('SELECT name, password, enabled, created FROM users')
  const insert = database.prepare(
    'INSERT INTO users (password, enabled, created, name) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const update = database.prepare('UPDATE users SET password = ?, enabled = ?, created = ? WHERE name = ?')
  const remove = database.prepare('DELETE FROM users WHERE name = ?')
  const columns = ({ name, password, enabled, created }: StoredUser) => [password, Number(enabled), created, name]

  return {
    list: () => (list.all() as UserRow[]).map((row) => ({ ...row, enabled: row.enabled === 1 })),
    insert: (user) => insert.run(...columns(user)).changes === 1,
    update: (user) => update.run(...columns(user)).changes === 1,
    remove: (name) => void remove.run(name),
  }
}
