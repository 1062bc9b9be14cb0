import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { whyNot } from '../../shared/file-trouble.ts'
import { explain, primaryCode, SQLITE_BUSY } from './sqlite-errors.ts'
import { databaseIn } from './sqlite-store.ts'
import { StoreError } from './store.ts'

/** A database to look into, for what must not be written to, nor gain files that belong to whoever looks. */
export interface DatabaseCopy extends Disposable {
  /** A store of its own, for this user only; gone once the copy is disposed of. */
  readonly folder: string
}

/** What a killed proxyd leaves beside the database: changes that are confirmed, but lie there only. */
const sideFiles = ['-wal', '-journal']

/** Copies the database `file` as it is. Throws a StoreError if a proxyd has it open, or it cannot be read or copied. */
export function copyDatabase(file: string): DatabaseCopy {
  if (!existsSync(file)) throw new StoreError('unreadable', `there is no ${file}: name its folder with --state-dir`)
  const ends = ['', ...sideFiles].filter((end) => existsSync(file + end))
  // A FIFO would be waited for, a device copied without an end.
  const odd = ends.find((end) => !statSync(file + end).isFile())
  if (odd !== undefined) throw new StoreError('unreadable', `${file}${odd} is no plain file, so that is no store`)
  refuseInUse(file)
  const folder = copying(file, () => mkdtempSync(join(tmpdir(), 'proxyd-store-')))
  const dispose = () => rmSync(folder, { recursive: true, force: true })
  try {
    const copy = databaseIn(folder)
    for (const end of ends) copying(file, () => copyFileSync(file + end, copy + end))
    // One that has started meanwhile may have written in between.
    refuseInUse(file)
  } catch (error) {
    dispose()
    throw error
  }
  return { folder, [Symbol.dispose]: dispose }
}

/**
 * A daemon locks all others out for as long as it lives. With the exclusive mode a reader gets no further than to its lock, so
 * SQLite makes no file beside the database; how else it fails does not matter here.
 */
function refuseInUse(file: string): void {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { readOnly: true })
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.prepare('SELECT count(*) FROM sqlite_schema').get()
  } catch (error) {
    if (primaryCode(error) === SQLITE_BUSY) throw explain(file, error)
  } finally {
    database?.close()
  }
}

function copying<Result>(file: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    const mend = 'run this as the user that proxyd runs as, with TMPDIR a folder that has room for a copy'
    throw new StoreError('unreadable', `cannot copy ${file} to look into it: ${whyNot(error, file, mend)}`)
  }
}
