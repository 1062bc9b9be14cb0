import { lstatSync, type Stats } from 'node:fs'
import { readPlainFile, UnfitFile } from '../shared/whole-file.ts'

/** Whom a file or socket may belong to: us, or root. Root may use any user's, as it may read them all. */
export function isTrusted(owner: number): boolean {
  const uid = process.geteuid?.()
  return uid === undefined || uid === 0 || owner === uid || owner === 0
}

/** Throws an `Error` for people if `path` is a link that another user has laid. Nothing there is no fault. */
export function refuseForeignLink(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status?.isSymbolicLink() && !isTrusted(status.uid)) throw new Error('it is a symbolic link of another user')
}

/** Throws an `Error` for people unless a file is ours, or root's, and others have none of the rights in `mask`. */
export function refuseForeignFile(path: string, { mode, uid }: Stats, mask: 0o077 | 0o022): void {
  if (!isTrusted(uid)) throw new Error('it belongs to another user')
  if ((mode & mask) === 0) return
  const [fault, mend] = mask === 0o077 ? ['read or write', '600'] : ['write', 'go-w']
  throw new Error(`others can ${fault} it; chmod ${mend} ${path}`)
}

/**
 * What a plain file of ours, or root's, holds that nobody else can read and no other process feeds. Throws an `Error` for
 * people unless it is such a file of at most `longest` bytes, and system errors as they are.
 */
export function readPrivateFile(path: string, longest: number): Buffer {
  refuseForeignLink(path)
  try {
    return readPlainFile(path, longest, (status) => refuseForeignFile(path, status, 0o077))
  } catch (error) {
    throw error instanceof UnfitFile ? new Error(`it ${error.message}`) : error
  }
}
