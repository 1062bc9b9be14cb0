import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs'
import { databaseIn, openSqliteStore, type SqliteStore } from './sqlite-store.ts'
import { StoreError } from './store.ts'

/**
 * A database that another process may have, for a while or for good. Should that be of a later version, it brings the schema up to
 * date, which this process could not read any more if it had to go on: so there is a copy meanwhile.
 */
function copyIn(folder: string): string {
  return `${databaseIn(folder)}-before-upgrade`
}

/** As it is now. Throws a StoreError if there is no room for it. */
export async function keepCopy(store: SqliteStore, folder: string): Promise<void> {
  dropCopy(folder)
  closeSync(openSync(copyIn(folder), 'wx', 0o600))
  await store.backups.make(copyIn(folder))
}

export function dropCopy(folder: string): void {
  for (const end of ['', '-journal']) rmSync(`${copyIn(folder)}${end}`, { force: true })
}

/** Opens the database as the other process has left it, or the copy in its place if it is of a later version now. Throws a StoreError. */
export function openAgain(folder: string): SqliteStore {
  try {
    return openSqliteStore(folder)
  } catch (error) {
    if (!(error instanceof StoreError) || error.problem !== 'newer' || !existsSync(copyIn(folder))) throw error
    const file = databaseIn(folder)
    // What the other has left in it is of the file that goes.
    for (const end of ['-wal', '-shm', '-journal']) rmSync(`${file}${end}`, { force: true })
    renameSync(copyIn(folder), file)
    return openSqliteStore(folder)
  } finally {
    dropCopy(folder)
  }
}
