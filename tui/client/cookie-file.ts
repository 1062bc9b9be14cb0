import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs'
import { ConnectionError } from './error.ts'
import { asOwner } from './explain.ts'

const cookie = /^[0-9a-f]{64}$/

/**
 * Read the daemon's cookie. Throws `ConnectionError` unless it is a file that nobody but its owner can
 * read and that nobody but us, or root, put there: whoever knows the cookie can pose as the daemon.
 */
export function readCookieFile(path: string): string {
  try {
    return checked(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const [failure, text] =
      code === 'ENOENT'
        ? (['cookie_missing', "there is no such file; it lies in the daemon's runtime directory"] as const)
        : (['cookie_unusable', code === 'EACCES' ? `permission denied; ${asOwner}` : message] as const)
    throw new ConnectionError(failure, `cannot use the cookie file ${path}: ${text}`)
  }
}

function checked(path: string): string {
  const link = lstatSync(path)
  if (link.isSymbolicLink() && !isTrusted(link.uid)) throw new Error('it is a symbolic link of another user')
  // O_NONBLOCK: opening a FIFO would wait for its writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const { mode, uid, size } = fstatSync(file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error('it is not a plain file')
    if (!isTrusted(uid)) throw new Error('it belongs to another user')
    if ((mode & 0o077) !== 0) throw new Error('others can read or write it')
    const text = size === 64 ? readFileSync(file, 'latin1') : ''
    if (!cookie.test(text)) throw new Error('it does not hold 64 hex digits')
    return text
  } finally {
    closeSync(file)
  }
}

/** Root may use any user's file, as it may read them all; others their own, and root's. */
function isTrusted(owner: number): boolean {
  const uid = process.geteuid?.()
  return uid === undefined || uid === 0 || owner === uid || owner === 0
}
