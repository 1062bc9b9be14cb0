import { stat } from 'node:fs/promises'
import { backup, type DatabaseSync } from 'node:sqlite'
import { explain } from './sqlite-errors.ts'
import type { BackupStore } from './store.ts'

/** Copied in one go: 1 MiB. Between two of them changes have their turn. */
const pagesAtOnce = 256

/** Copies of the database, by SQLite's online backup, on a thread of the pool. */
export function sqliteBackups(database: DatabaseSync): BackupStore {
  return {
    async make(file) {
      try {
        await backup(database, file, { rate: pagesAtOnce })
        return (await stat(file)).size
      } catch (error) {
        throw explain(file, error)
      }
    },
  }
}
