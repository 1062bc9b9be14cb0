import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { foreseeMaking, whyNot } from '../../shared/file-trouble.ts'
import { errnoOf } from '../failure.ts'
import { foreignness, unsafeAnywhereAbove } from '../foreign-files.ts'
import { migrations } from './migrations.ts'
import { OwnDatabase } from './own-database.ts'
import { sqliteAudit } from './sqlite-audit.ts'
import { sqliteBackups } from './sqlite-backup.ts'
import { sqliteBans, sqliteKnown } from './sqlite-bans.ts'
import { cannotWrite, damaged, explain, gone, noFolder, noLinks } from './sqlite-errors.ts'
import { sqliteGroups } from './sqlite-groups.ts'
import { sqliteImports } from './sqlite-imports.ts'
import { sqliteOperators } from './sqlite-operators.ts'
import { sqliteRules } from './sqlite-rules.ts'
import { sqliteSettings } from './sqlite-settings.ts'
import { sqliteUsage } from './sqlite-usage.ts'
import { sqliteUsers } from './sqlite-users.ts'
import { sqliteWatches } from './sqlite-watches.ts'
import {
  type AuditStore,
  type BackupStore,
  type BanStore,
  type GroupStore,
  type Immediate,
  type ImportStore,
  type KnownStore,
  type OperatorStore,
  type RuleStore,
  type SettingsStore,
  StoreError,
  type UsageStore,
  type UserStore,
  type WatchStore,
} from './store.ts'

/** Milliseconds to wait for another process to let go, such as a daemon that is just ending. */
const busyTimeout = 1_000

/** The tables of one database, for the thread that waits for the disk. */
export interface SqliteStore {
  readonly users: Immediate<UserStore>
  readonly groups: Immediate<GroupStore>
  readonly usage: Immediate<UsageStore>
  readonly operators: Immediate<OperatorStore>
  readonly settings: Immediate<SettingsStore>
  readonly bans: Immediate<BanStore>
  readonly known: Immediate<KnownStore>
  readonly rules: Immediate<RuleStore>
  readonly imports: Immediate<ImportStore>
  readonly backups: BackupStore
  readonly audit: Immediate<AuditStore>
  readonly watches: Immediate<WatchStore>
  readonly own: OwnDatabase
  close(): void
}

/** Where the database is, in the folder of the store. */
export function databaseIn(folder: string): string {
  return join(folder, 'proxyd.db')
}

/**
 * Opens `proxyd.db` in `folder`, both made if missing, and brings its schema up to date. The file belongs to this
 * process until `close`. Throws a StoreError for people.
 */
export function openSqliteStore(folder: string): SqliteStore {
  const file = databaseIn(folder)
  makePrivate(folder, file)

  let database: DatabaseSync | undefined
  try {
    if (!existsSync(file)) makeDatabase(file)
    readFirst(file)
    database = new DatabaseSync(file, { timeout: busyTimeout })
    prepare(database, file)
  } catch (error) {
    database?.close()
    throw explain(file, error)
  }
  const opened = database
  const own = new OwnDatabase(file)
  return {
    own,
    users: sqliteUsers(opened),
    groups: sqliteGroups(opened),
    usage: sqliteUsage(opened),
    operators: sqliteOperators(opened),
    settings: sqliteSettings(opened),
    bans: sqliteBans(opened),
    known: sqliteKnown(opened),
    rules: sqliteRules(opened),
    imports: sqliteImports(opened),
    backups: sqliteBackups(opened),
    audit: sqliteAudit(opened),
    watches: sqliteWatches(opened),
    close() {
      own.disarmRewritten()
      opened.close()
    },
  }
}

/**
 * SQLite gives its side files the mode of the database file, so that has to be right before SQLite comes. Whoever can have
 * put a database there has made themselves an admin by it, so it must be nobody else, in the folders above it neither.
 */
function makePrivate(folder: string, file: string): void {
  foreseeFolder(folder)
  writing(folder, () => makeFolder(folder))
  judgeFolder(folder)
  refuseForeign(folder)
  refuseAnothers(file)
  // It is not opened: closing it would drop the locks that this process has on it, see fcntl(2).
  if (existsSync(file)) writing(file, () => chmodSync(file, 0o600))
}

/** As `foreseeFolder`, of one with a database in it. Root may look for another user, whose both are then. */
export function foreseeStore(folder: string): void {
  if (process.geteuid?.() === 0 && statSync(folder).uid !== 0) return
  foreseeFolder(folder)
  refuseAnothers(databaseIn(folder))
}

/** Throws a StoreError if this folder can be none for a store; it may have to be made, with those above it. Changes nothing. */
export function foreseeFolder(folder: string): void {
  const missing = writing(folder, () => missingOf(folder))
  judgeFolder(folder, missing)
  if (missing === undefined) refuseForeign(folder)
  writing(folder, () => (missing === undefined ? accessSync(folder, constants.W_OK) : foreseeMaking(missing)))
}

/** The first folder on the way to this one that is to be made; undefined if it is there. Throws system errors. */
function missingOf(folder: string): string | undefined {
  if (statSync(folder, { throwIfNoEntry: false })) return undefined
  // A link that leads nowhere: no folder can be made in its place.
  if (lstatSync(folder, { throwIfNoEntry: false })) statSync(folder)
  return missingOf(dirname(folder)) ?? folder
}

/** `missing`: the first on the way to this one that is to be made, if any. */
function judgeFolder(folder: string, missing?: string): void {
  const place = missing === undefined ? folder : dirname(missing)
  if (!statSync(place).isDirectory()) throw noFolder(place)
  const reason = writing(folder, () => unsafeAnywhereAbove(missing ?? folder))
  if (reason) throw new StoreError('foreign', `${reason} (--state-dir names ${folder})`)
}

/**
 * Makes a database without a row, whole under its name or not at all: an empty file is what is left of one that was lost, and
 * who took that for a new one would serve without the users and rules that were in it.
 */
function makeDatabase(file: string): void {
  const left = [`${file}-wal`, `${file}-journal`].find((part) => existsSync(part))
  if (left) throw gone(file, left)
  const folder = writing(dirname(file), () => mkdtempSync(`${file}-new-`))
  try {
    const draft = databaseIn(folder)
    closeSync(openSync(draft, 'wx', 0o600))
    const database = new DatabaseSync(draft)
    try {
      prepare(database, file)
    } finally {
      database.close()
    }
    linkOnce(draft, file)
  } finally {
    writing(folder, () => rmSync(folder, { recursive: true, force: true }))
  }
}

/** What file systems say that have no hard links, such as FAT. */
const linkless = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Another proxyd that starts may have made one meanwhile. */
function linkOnce(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return
    throw linkless.has(errnoOf(error) ?? '') ? noLinks(file) : error
  }
}

function refuseForeign(path: string): void {
  const status = writing(path, () => statSync(path, { throwIfNoEntry: false }))
  const reason = status && foreignness(path, status)
  if (reason) throw new StoreError('foreign', `${reason} (--state-dir names the place)`)
}

/** Throws a StoreError for a database of which anything is another user's, be it root's: it is to be written to. */
function refuseAnothers(file: string): void {
  for (const path of [file, `${file}-wal`, `${file}-journal`]) refuseForeign(path)
  const own = process.geteuid?.() ?? 0
  const owner = statSync(file, { throwIfNoEntry: false })?.uid ?? own
  if (own === 0 || owner === own) return
  const mend = 'make it your own, or choose another place with --state-dir'
  throw new StoreError('unwritable', `${file} belongs to another user (${owner}): ${mend}`)
}

/** Level by level, since `recursive` of Node's own never ends where the system denies that a folder is there: /proc/x. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another proxyd that starts may have made it meanwhile.
    if (!existsSync(path)) throw error
  }
}

function writing<Result>(path: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw cannotWrite(path, whyNot(error, path, 'choose another place with --state-dir'))
  }
}

function prepare(database: DatabaseSync, file: string): void {
  // Exclusive before WAL: a second daemon is refused at once, and no shared-memory file is needed.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  refuseDamaged(database, file)
  migrate(database, file)
}

function refuseDamaged(database: DatabaseSync, file: string): void {
  const [check] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})
  if (check !== 'ok') throw damaged(file, `${check}`.replace(/\s+/g, ' '))
}

/**
 * Whoever may write puts what a killed daemon has left in the log of changes into the database when it closes it, damaged or
 * not. So a reader looks first, and what it finds damaged stays as it is.
 */
function readFirst(file: string): void {
  if (statSync(file).size === 0) throw damaged(file, 'it is empty')
  const left = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (left === 0) return
  const reader = new DatabaseSync(file, { readOnly: true, timeout: busyTimeout })
  try {
    refuseDamaged(reader, file)
  } finally {
    reader.close()
    // Readers share an index of the log, which nobody needs who is alone.
    rmSync(`${file}-shm`, { force: true })
  }
}

/** Of the schema. Throws a StoreError if it is newer than those that this proxyd knows. */
export function versionOf(database: DatabaseSync, file: string): number {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (version <= migrations.length) return version
  throw new StoreError(
    'newer',
    `${file} was written by a newer proxyd (schema ${version}, this one knows ${migrations.length}): ` +
      'upgrade proxyd, or choose another place with --state-dir',
  )
}

function migrate(database: DatabaseSync, file: string): void {
  const version = versionOf(database, file)
  migrations.slice(version).forEach((step, i) => {
    database.exec(`BEGIN EXCLUSIVE; ${step}; PRAGMA user_version = ${version + i + 1}; COMMIT`)
  })
}
