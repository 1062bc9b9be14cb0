import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { getSystemErrorMessage } from 'node:util'
import { migrations } from './migrations.ts'
import { damaged, explain, noFolder, unwritable } from './sqlite-errors.ts'
import { sqliteOperators } from './sqlite-operators.ts'
import { sqliteSettings } from './sqlite-settings.ts'
import { sqliteUsers } from './sqlite-users.ts'
import { type Store, StoreError } from './store.ts'

/** Milliseconds to wait for another process to let go, such as a daemon that is just ending. */
const busyTimeout = 1_000

/**
 * Opens `proxyd.db` in `folder`, both made if missing, and brings its schema up to date. The file belongs to this
 * process until `close`. Rejects with a StoreError for people.
 */
export async function openSqliteStore(folder: string): Promise<Store> {
  const file = join(folder, 'proxyd.db')
  makePrivate(folder, file)

  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: busyTimeout })
    prepare(database, file)
  } catch (error) {
    database?.close()
    throw explain(file, error)
  }
  return asStore(database, file)
}

function asStore(database: DatabaseSync, file: string): Store {
  const attempt = async <T>(work: () => T): Promise<T> => {
    try {
      return work()
    } catch (error) {
      throw explain(file, error)
    }
  }
  return {
    users: sqliteUsers(database, attempt),
    operators: sqliteOperators(database, attempt),
    settings: sqliteSettings(database, attempt),
    close: () => attempt(() => database.close()),
  }
}

/** SQLite gives its side files the mode of the database file, so that has to be right before SQLite comes. */
function makePrivate(folder: string, file: string): void {
  writing(folder, () => makeFolder(folder))
  if (!statSync(folder).isDirectory()) throw noFolder(folder)
  // An existing file is not opened: closing it would drop the locks that this process has on it, see fcntl(2).
  if (existsSync(file)) writing(file, () => chmodSync(file, 0o600))
  else writing(folder, () => closeSync(openSync(file, 'wx', 0o600)))
}

/** Level by level, since `recursive` of Node's own never ends where the system denies that a folder is there: /proc/x. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another proxyd that starts may have made it meanwhile.
    if (!existsSync(path)) throw error
  }
}

function writing(path: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    const errno = error instanceof Error && 'errno' in error ? Number(error.errno) : 0
    throw unwritable(path, getSystemErrorMessage(errno), error)
  }
}

function prepare(database: DatabaseSync, file: string): void {
  // Exclusive before WAL: a second daemon is refused at once, and no shared-memory file is needed.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  const [check] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})
  if (check !== 'ok') throw damaged(file, `${check}`.replace(/\s+/g, ' '))
  migrate(database, file)
}

function migrate(database: DatabaseSync, file: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (version > migrations.length) {
    throw new StoreError(
      'newer',
      `${file} was written by a newer proxyd (schema ${version}, this one knows ${migrations.length}): ` +
        'upgrade proxyd, or choose another place with --state-dir',
    )
  }
  migrations.slice(version).forEach((step, i) => {
    database.exec(`BEGIN EXCLUSIVE; ${step}; PRAGMA user_version = ${version + i + 1}; COMMIT`)
  })
}
