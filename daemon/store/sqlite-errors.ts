import { StoreError } from './store.ts'

/** Primary result codes of SQLite, https://sqlite.org/rescode.html. */
const SQLITE_PERM = 3
export const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_CORRUPT = 11
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

/** Says for people what went wrong with the database `file`, with the mend. */
export function explain(file: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const reason = error instanceof Error ? error.message : String(error)
  // What is read of it is JSON of another shape, or none.
  if (error instanceof SyntaxError) return damaged(file, reason)
  switch (primaryCode(error)) {
    case SQLITE_BUSY:
      return new StoreError(
        'locked',
        `${file} is in use by another proxyd: stop that one, or give this one a --state-dir of its own`,
      )
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(file, reason)
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return cannotWrite(file, `${reason}: make it writable for this user, or choose another place with --state-dir`)
    default:
      return new StoreError('failed', `cannot use ${file} (${reason}): see to the disk that it lies on`)
  }
}

export function damaged(file: string, reason: string): StoreError {
  const mend = 'restore a backup, or have proxyd --recover-store save what can be read of it'
  return new StoreError('corrupt', `${file} is damaged (${reason}): ${mend}`)
}

/** `left`: what SQLite keeps beside it, which it would else write into the next database of that name. */
export function gone(file: string, left: string): StoreError {
  return new StoreError(
    'corrupt',
    `${file} is gone, and ${left} is left of it: restore a backup, or remove that to begin anew`,
  )
}

export function moved(file: string): StoreError {
  const mend = 'put it back, or save what it holds by a backup, and start proxyd anew with that'
  return new StoreError('unwritable', `${file} is gone or another file since proxyd has opened it: ${mend}`)
}

/** `kept`: what had not been written into it. */
export function rewritten(file: string, kept: string): StoreError {
  const why = 'was written to by another program since proxyd has opened it, so nothing in it can be relied on'
  const mend = 'stop proxyd, put a whole backup in its place, and start proxyd anew'
  return new StoreError('unwritable', `${file} ${why}: ${mend} (changes that were not in it yet are in ${kept})`)
}

/** `why`, with the mend. */
export function cannotWrite(path: string, why: string): StoreError {
  return new StoreError('unwritable', `cannot write ${path}: ${why}`)
}

export function noLinks(file: string): StoreError {
  const why = `cannot make ${file}: its file system has no hard links, by which a database comes whole or not at all`
  return new StoreError('unwritable', `${why}; choose another place with --state-dir`)
}

export function noFolder(path: string): StoreError {
  return new StoreError('unwritable', `${path} is not a folder: name one with --state-dir`)
}

/** The extended codes keep the primary one in their low byte. */
export function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
}
