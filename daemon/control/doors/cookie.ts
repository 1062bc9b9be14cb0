import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { cookieFileName } from '../../../shared/protocol/limits.ts'
import { ControlStartError } from '../start-error.ts'
import { removeIfSame } from './own-file.ts'

/** What a client on this machine proves to know: 64 hex digits. */
export function makeCookie(): string {
  return randomBytes(32).toString('hex')
}

/**
 * Puts the cookie where clients look for it, readable by this user only, in the place of whatever is there. `directory`
 * must be private. Gives a function that removes the file if it is still this one. Throws `ControlStartError`.
 */
export function placeCookie(directory: string, cookie: string): () => void {
  const path = join(directory, cookieFileName)
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  try {
    const inode = write(draft, cookie)
    renameSync(draft, path)
    return () => removeIfSame(path, inode)
  } catch (error) {
    rmSync(draft, { force: true })
    throw new ControlStartError(`cannot write the cookie: ${(error as Error).message}; see --runtime-dir`)
  }
}

function write(path: string, text: string): number {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    writeSync(file, text)
    return fstatSync(file).ino
  } finally {
    closeSync(file)
  }
}
