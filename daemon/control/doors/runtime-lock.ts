import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ControlStartError } from '../start-error.ts'

/** Of the file, in a runtime folder. */
export const lockName = 'lock'

/**
 * Makes a runtime folder this daemon's, until the returned function is called or the process ends, however that happens:
 * an empty database in it is locked, the one kind of lock that Node has and the kernel takes back. The file stays, since
 * whoever removes a lock may remove another's. Waits `patience` milliseconds for a daemon that is just ending, and this
 * thread does nothing else meanwhile. Throws `ControlStartError` if the folder is another daemon's.
 */
export function lockRuntimeDirectory(directory: string, patience: number): () => void {
  const path = join(directory, lockName)
  let database: DatabaseSync | undefined
  try {
    makePrivateFile(path)
    database = new DatabaseSync(path, { timeout: patience })
    // A journal in a file of its own would stay after a crash.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    throw refusal(directory, path, error)
  }
  return () => database.close()
}

/** Before SQLite makes it for others to read, and so to lock. Opened only if it is new: see fcntl(2) on closing. */
function makePrivateFile(path: string): void {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants
  try {
    closeSync(openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function refusal(directory: string, path: string, error: unknown): ControlStartError {
  const isTaken = (error as { errcode?: number }).errcode === 5
  if (isTaken) {
    return new ControlStartError(
      `a proxyd runs already with ${directory}: end it, or give this one another --runtime-dir`,
    )
  }
  return new ControlStartError(`cannot lock ${path} (${(error as Error).message}): remove it, or see --runtime-dir`)
}
