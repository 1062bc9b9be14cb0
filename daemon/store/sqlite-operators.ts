import type { DatabaseSync } from 'node:sqlite'
import { rowsOf } from './sqlite-rows.ts'
import type { Immediate, OperatorStore, StoredOperator } from './store.ts'

/** Named operators in a table of SQLite. Every change is a transaction of its own, on disk when the call returns. */
export function sqliteOperators(database: DatabaseSync): Immediate<OperatorStore> {
  const list = database.prepare(
    'SELECT name, role, salt, iterations, stored_key AS storedKey, server_key AS serverKey, created FROM operators',
  )
  const insert = database.prepare(
    `INSERT INTO operators (role, salt, iterations, stored_key, server_key, created, name)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  )
  const update = database.prepare(
    `UPDATE operators SET role = coalesce(?, role), salt = coalesce(?, salt), iterations = coalesce(?, iterations),
      stored_key = coalesce(?, stored_key), server_key = coalesce(?, server_key) WHERE name = ? AND created = ?`,
  )
  const remove = database.prepare('DELETE FROM operators WHERE name = ?')
  const decoy = database.prepare('SELECT bytes FROM decoy')

  return {
    list: () => rowsOf<StoredOperator>(list),
    insert: (operator) => insert.run(...columns(operator)).changes === 1,
    update: ({ name, created, role = null, keys }) => {
      const { salt = null, iterations = null, storedKey = null, serverKey = null } = keys ?? {}
      return update.run(role, salt, iterations, storedKey, serverKey, name, created).changes === 1
    },
    remove: (name) => void remove.run(name),
    decoySecret() {
      const row = decoy.get() as { bytes: Uint8Array } | undefined
      if (!row) throw new SyntaxError('decoy has no row')
      return row.bytes
    },
  }
}

function columns({ name, role, salt, iterations, storedKey, serverKey, created }: StoredOperator) {
  return [role, salt, iterations, storedKey, serverKey, created, name]
}
