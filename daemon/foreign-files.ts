import type { Stats } from 'node:fs'

/**
 * Why a file or folder of this process may hold what somebody else has put there, with the mend; undefined if only this
 * user and root can have. Root itself trusts nobody else.
 */
export function foreignness(path: string, { uid, mode }: Pick<Stats, 'uid' | 'mode'>): string | undefined {
  const own = process.geteuid?.()
  // Where there are no such owners and modes, there is nothing to judge by.
  if (own === undefined) return undefined
  if (uid !== own && uid !== 0) return `${path} belongs to another user (${uid}): make it your own, or choose another`
  if ((mode & 0o022) === 0) return undefined
  return `others can write to ${path}: see that all in it is as you left it, then chmod go-w ${path}`
}
