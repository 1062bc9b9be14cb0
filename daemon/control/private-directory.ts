import { lstatSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import { ControlStartError } from './start-error.ts'

/**
 * Makes sure of a folder that nobody but this user can enter, since whoever reaches what lies in it rules the daemon.
 * Makes it if it is missing (its parent must be there) and changes nothing about one that exists. Throws
 * `ControlStartError`.
 */
export function ensurePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const { code, errno = 0 } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') {
      const mend = code === 'ENOENT' ? `make ${dirname(path)} first` : `make it for this user`
      const cause = getSystemErrorMessage(errno)
      throw new ControlStartError(
        `cannot make the runtime folder ${path} (${cause}): ${mend}, or name another with --runtime-dir`,
      )
    }
  }
  const fault = faultOf(path)
  if (fault !== undefined) throw new ControlStartError(`the runtime folder ${path} ${fault}`)
}

function faultOf(path: string): string | undefined {
  const status = lstatSync(path)
  if (!status.isDirectory()) return 'is not a folder: remove it, or name another with --runtime-dir'
  if (status.uid !== process.geteuid?.()) return 'belongs to another user: name another with --runtime-dir'
  if ((status.mode & 0o077) !== 0) return `is open to others: chmod 700 ${path}, or name another with --runtime-dir`
  return undefined
}
