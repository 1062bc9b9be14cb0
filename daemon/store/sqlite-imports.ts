import type { DatabaseSync } from 'node:sqlite'
import { sqliteGroups } from './sqlite-groups.ts'
import { sqliteUsers } from './sqlite-users.ts'
import type { Immediate, ImportStore } from './store.ts'
import { inTransaction } from './transaction.ts'

/** Users and groups that come from elsewhere, in one transaction. */
export function sqliteImports(database: DatabaseSync): Immediate<ImportStore> {
  const groups = sqliteGroups(database)
  const users = sqliteUsers(database)
  const putUsage = database.prepare('INSERT INTO usage (user, up, down, mark, marked) VALUES (?, ?, ?, ?, ?)')
  return {
    save({ groups: putGroups, added, logins, limits }) {
      return inTransaction(database, () => {
        for (const group of putGroups) groups.put(group)
        for (const login of logins) users.update(login)
        users.setLimits(limits)
        return added.map(({ used, ...user }) => {
          const id = users.insert(user) as number
          if (used) putUsage.run(id, used.up, used.down, used.mark, used.marked)
          return id
        })
      })
    },
  }
}
