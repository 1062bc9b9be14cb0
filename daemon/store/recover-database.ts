import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { damaged, explain } from './sqlite-errors.ts'
import { databaseIn, versionOf } from './sqlite-store.ts'
import { storable } from './stored-json.ts'

/** What became of one table. */
export interface RecoveredTable {
  readonly name: string
  /** Rows that are in the new database. */
  readonly rows: number
  /** Whether every page of it could be read, and every row be taken. */
  readonly isWhole: boolean
}

export interface Recovered {
  readonly tables: readonly RecoveredTable[]
  /** Names of users who are in an index, but whose rows are lost. */
  readonly lostUsers: readonly string[]
}

type Row = Record<string, SQLInputValue>

/** Pieces of a table that are tried: where an inner page is damaged, none of those below it can be read. */
const mostTries = 20_000

/** Has one row, which a new store makes, too. */
const ownSecret = 'decoy'

/**
 * Copies what can be read of the damaged database in `from` into the new store in `to`, whose tables are there. Throws a
 * StoreError, in which the damaged one is called `file`, if nothing can.
 */
export function recoverDatabase(from: string, to: string, file: string): Recovered {
  const old = openDamaged(databaseIn(from), file)
  const fresh = new DatabaseSync(databaseIn(to))
  try {
    fresh.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN')
    const tables = namesIn(fresh).map((name) => recoverTable(old, fresh, name))
    keepSequences(old, fresh)
    fresh.exec('COMMIT')
    return { tables, lostUsers: lostUsers(old, fresh) }
  } finally {
    fresh.close()
    old.close()
  }
}

function openDamaged(database: string, file: string): DatabaseSync {
  const old = new DatabaseSync(database)
  try {
    old.exec('PRAGMA locking_mode = EXCLUSIVE')
    versionOf(old, file)
    if (namesIn(old).length === 0) throw damaged(file, 'it has no tables')
    return old
  } catch (error) {
    old.close()
    throw explain(file, error)
  }
}

/** In the order in which they were made: what others refer to comes first. */
function namesIn(database: DatabaseSync): string[] {
  const sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
  return database
    .prepare(sql)
    .all()
    .map(({ name }) => String(name))
}

interface Column {
  readonly name: string
  readonly type: string
  /** Its place in the primary key, from 1; 0: it is not part of it. */
  readonly pk: number
}

function columnsOf(database: DatabaseSync, table: string): Column[] {
  return database.prepare('SELECT name, type, pk FROM pragma_table_info(?)').all(table) as unknown as Column[]
}

function recoverTable(old: DatabaseSync, fresh: DatabaseSync, name: string): RecoveredTable {
  const known = new Set(columnsOf(fresh, name).map((column) => column.name))
  const columns = columnsOf(old, name).filter((column) => known.has(column.name))
  if (columns.length === 0) return { name, rows: countIn(fresh, name), isWhole: true }
  const names = columns.map((column) => column.name)
  const places = names.map(() => '?').join(', ')
  const insert = fresh.prepare(`INSERT OR IGNORE INTO ${name} (${names.join(', ')}) VALUES (${places})`)
  let isWhole = true
  const take = (row: Row) => {
    try {
      const values = names.map((column) => storable(column, row[column] as SQLInputValue))
      const { lastInsertRowid } = insert.run(...values)
      if (values.some((value, i) => value !== row[names[i] as string])) isWhole = false
      if (name === ownSecret) fresh.prepare(`DELETE FROM ${name} WHERE rowid <> ?`).run(lastInsertRowid)
    } catch {
      // Of a type that it cannot have, or of somebody who is lost.
      isWhole = false
    }
  }
  if (!readRows(old, name, columns, take)) isWhole = false
  return { name, rows: countIn(fresh, name), isWhole }
}

function countIn(database: DatabaseSync, table: string): number {
  return Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count)
}

/**
 * Has `take` each row that can be read, some of them twice; false if there are pages that cannot. A damaged page hides the
 * rows on it: they are gone around by reading from both ends, and what is left between is halved, and read so again.
 */
function readRows(old: DatabaseSync, table: string, columns: readonly Column[], take: (row: Row) => void): boolean {
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk)
  const [first] = key
  const isNumbered = first === undefined || first.type === 'INTEGER'
  const by = first?.name ?? 'rowid'
  const order = (direction: string) =>
    (key.length > 0 ? key.map(({ name }) => name) : ['rowid']).map((name) => `${name} ${direction}`)
  const select = (direction: string) => {
    const where = isNumbered ? `WHERE ${by} BETWEEN ? AND ?` : ''
    const rows = old.prepare(`SELECT ${by} AS key_, * FROM ${table} ${where} ORDER BY ${order(direction).join(', ')}`)
    rows.setReadBigInts(true)
    return rows
  }
  let forwards: StatementSync
  let backwards: StatementSync
  try {
    forwards = select('ASC')
    backwards = select('DESC')
  } catch {
    return false
  }
  /** The key of the last row before a page that cannot be read; undefined: all could be. */
  const read: Read = (rows, range) => {
    let last: unknown
    try {
      for (const row of rows.iterate(...range)) {
        last = row.key_
        take(row as Row)
      }
      return undefined
    } catch {
      return { last }
    }
  }
  if (!isNumbered) {
    const isWhole = !read(forwards, [])
    if (!isWhole) read(backwards, [])
    return isWhole
  }
  return readAround(read, forwards, backwards, highestKey(old, table))
}

type Read = (rows: StatementSync, range: readonly bigint[]) => { readonly last: unknown } | undefined

/** False if there are pages that cannot be read. */
function readAround(read: Read, forwards: StatementSync, backwards: StatementSync, highest: bigint): boolean {
  const left: [from: bigint, to: bigint][] = [[0n, highest]]
  for (const [i, [from, to]] of left.entries()) {
    const ahead = read(forwards, [from, to])
    if (!ahead && i === 0) return true
    if (!ahead || i > mostTries) continue
    const low = (ahead.last as bigint | undefined) ?? from
    const high = (read(backwards, [low, to])?.last as bigint | undefined) ?? to
    const middle = (low + high) / 2n
    if (low < high) left.push([low, middle], [middle + 1n, high])
  }
  return false
}

/** As far as it is known. */
function highestKey(old: DatabaseSync, table: string): bigint {
  try {
    const row = old.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').get(table)
    if (row) return BigInt(Number(row.seq))
  } catch {
    // Then all keys there can be are tried.
  }
  return BigInt(Number.MAX_SAFE_INTEGER)
}

/** Ids that were given are not given again. */
function keepSequences(old: DatabaseSync, fresh: DatabaseSync): void {
  const raise = fresh.prepare('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?')
  const add = fresh.prepare('INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)')
  try {
    for (const { name, seq } of old.prepare('SELECT name, seq FROM sqlite_sequence').all())
      if (raise.run(Number(seq), String(name)).changes === 0) add.run(Number(seq), String(name))
  } catch {
    // It is lost itself: those of the rows that there are still count.
  }
}

/** Names lie in a tree of their own, too, which often outlives the rows. */
function lostUsers(old: DatabaseSync, fresh: DatabaseSync): string[] {
  const find = fresh.prepare('SELECT 1 FROM users WHERE name = ?')
  const lost = new Set<string>()
  const names = (direction: string) => {
    try {
      const sql = `SELECT name FROM users INDEXED BY sqlite_autoindex_users_1 ORDER BY name ${direction}`
      for (const { name } of old.prepare(sql).iterate()) if (!find.get(String(name))) lost.add(String(name))
    } catch {
      // There is no more to be learnt from this end.
    }
  }
  names('ASC')
  names('DESC')
  return [...lost].sort()
}
