import { DatabaseSync } from 'node:sqlite'
import { damaged, explain } from './sqlite-errors.ts'
import { databaseIn, versionOf } from './sqlite-store.ts'

/** Faults that are counted. */
const mostFaults = 100

/**
 * Reads every page of the database in a copy's `folder`: trees, values, indices, references. Returns the version of its
 * schema. Throws a StoreError, in which it is called `file`.
 */
export function checkDatabase(folder: string, file: string): number {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(databaseIn(folder))
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    const version = versionOf(database, file)
    if (version === 0) throw damaged(file, 'it holds nothing of proxyd')
    const faults = [...faultsOfPages(database), ...faultsOfReferences(database)]
    if (faults.length > 0) throw damaged(file, inOneLine(faults))
    return version
  } catch (error) {
    throw explain(file, error)
  } finally {
    database?.close()
  }
}

function faultsOfPages(database: DatabaseSync): string[] {
  const rows = database.prepare(`PRAGMA integrity_check(${mostFaults})`).all()
  return rows.map(({ integrity_check: said }) => String(said)).filter((said) => said !== 'ok')
}

function faultsOfReferences(database: DatabaseSync): string[] {
  const rows = database.prepare('PRAGMA foreign_key_check').all()
  return rows.map(({ table, rowid, parent }) => `row ${rowid} of ${table} is of none of the ${parent}`)
}

function inOneLine([first = '', ...others]: readonly string[]): string {
  const line = first.replace(/\s+/g, ' ')
  return others.length === 0 ? line : `${line}, and ${others.length} more`
}
