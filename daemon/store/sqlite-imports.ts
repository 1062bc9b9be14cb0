import type { DatabaseSync } from 'node:sqlite'
import { sqliteGroups } from './sqlite-limits.ts'
import { sqliteUsers } from './sqlite-users.ts'
import type { Immediate, ImportStore } from './store.ts'

/** Users and groups that come from elsewhere, in one transaction. */
export function sqliteImports(database: DatabaseSync): Immediate<ImportStore> {
  const groups = sqliteGroups(database)
  const users = sqliteUsers(database)
  return {
    save({ groups: putGroups, added, changed }) {
      database.exec('BEGIN')
      try {
        for (const group of putGroups) groups.put(group)
        for (const user of changed) users.update(user)
        const ids = added.map((user) => users.insert(user))
        database.exec('COMMIT')
        return ids as number[]
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
    },
  }
}
