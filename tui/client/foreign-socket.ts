import { realpathSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isTrusted, refuseForeignLink } from '../foreign-files.ts'
import { ConnectionError } from './error.ts'

/**
 * Throws `ConnectionError` if somebody else can have put the socket there: what is said to it, passwords too, is told
 * without a proof of who listens. The usual place may lie in /tmp, where anybody can be first. What is not there, or
 * not to be looked at, is for `connect` to tell.
 */
export function refuseForeignSocket(path: string): void {
  if (process.geteuid === undefined) return
  try {
    const fault = faultOf(resolve(path))
    if (fault !== undefined) throw new Error(fault)
  } catch (error) {
    if ('code' in (error as NodeJS.ErrnoException)) return
    throw new ConnectionError('socket_untrusted', `cannot trust the socket ${path}: ${(error as Error).message}`)
  }
}

function faultOf(path: string): string | undefined {
  refuseForeignLink(dirname(path))
  refuseForeignLink(path)
  const socket = realpathSync(path)
  const status = statSync(socket)
  if (!status.isSocket()) return undefined
  const folder = dirname(socket)
  const { uid, mode } = statSync(folder)
  if ((mode & 0o022) !== 0) return `others can write into ${folder}; chmod go-w ${folder}`
  if (!isTrusted(uid) && !isAppointed(folder)) return `${folder} belongs to another user`
  return isTrusted(status.uid) || status.uid === uid ? undefined : 'it belongs to another user'
}

/** Whether root, or we, gave a folder to its owner, as `/run/proxyd` to a daemon's user: nobody else writes above it. */
function isAppointed(folder: string): boolean {
  const above = dirname(folder)
  if (above === folder) return true
  const { uid, mode } = statSync(above)
  return isTrusted(uid) && (mode & 0o022) === 0 && isAppointed(above)
}
