import { getSystemErrorMessage } from 'node:util'
import { readPrivateFile } from '../foreign-files.ts'
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
    const { code, errno, message } = error as NodeJS.ErrnoException
    const problem = errno === undefined ? message : getSystemErrorMessage(errno)
    const [failure, text] =
      code === 'ENOENT'
        ? (['cookie_missing', "there is no such file; it lies in the daemon's runtime directory"] as const)
        : (['cookie_unusable', code === 'EACCES' ? `permission denied; ${asOwner}` : problem] as const)
    throw new ConnectionError(failure, `cannot use the cookie file ${path}: ${text}`)
  }
}

function checked(path: string): string {
  const text = readPrivateFile(path, 64).toString('latin1')
  if (!cookie.test(text)) throw new Error('it does not hold 64 hex digits')
  return text
}
