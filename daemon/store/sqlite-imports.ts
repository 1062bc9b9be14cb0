import type { DatabaseSync } from 'node:sqlite'
import { sqliteGroups } from './sqlite-groups.ts'
import { columnsOf, sqliteUsers } from './sqlite-users.ts'
import type { Immediate, ImportStore } from './store.ts'
import { inTransaction } from './transaction.ts'

/** Users and groups that come from elsewhere, in one transaction. */
export function sqliteImports(database: DatabaseSync): Immediate<ImportStore> {
  const groups = sqliteGroups(database)
  const users = sqliteUsers(database)
  const change = database.prepare(
    `UPDATE users SET name = ?, password = ?, enabled = ?, created = ?, limits = ?, revision = ?, first_used = ?
    WHERE id = ?`,
  )
  return {
    save({ groups: putGroups, added, changed }) {
      return inTransaction(database, () => {
        for (const group of putGroups) groups.put(group)
        for (const user of changed) change.run(...columnsOf(user), user.id)
        return added.map((user) => users.insert(user) as number)
      })
    },
  }
}
