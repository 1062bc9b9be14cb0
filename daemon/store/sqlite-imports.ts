import type { DatabaseSync } from 'node:sqlite'
import { sqliteGroups } from './sqlite-groups.ts'
import { sqliteUsers } from './sqlite-users.ts'
import type { Immediate, ImportStore } from './store.ts'
import { inTransaction } from './transaction.ts'

/** Users and groups that come from elsewhere, in one transaction. */
export function sqliteImports(database: DatabaseSync): Immediate<ImportStore> {
  const groups = sqliteGroups(database)
  const users = sqliteUsers(database)
  return {
    save({ groups: putGroups, added, changed }) {
      return inTransaction(database, () => {
        for (const group of putGroups) groups.put(group)
        for (const user of changed) users.update(user)
        return added.map((user) => users.insert(user) as number)
      })
    },
  }
}
