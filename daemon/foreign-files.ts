import { realpathSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'

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

/**
 * Why a folder above one of this process's own is no safe place for it: whoever can write there can put another one in its
 * place, unless a sticky bit keeps them from it, as that of /tmp does. The process's own group may.
 */
function unsafeAbove(path: string, { gid, mode }: Pick<Stats, 'gid' | 'mode'>): string | undefined {
  const own = process.getegid?.()
  const isSticky = (mode & 0o1000) !== 0
  const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== own && gid !== 0)
  if (own === undefined || isSticky || !isOpen) return undefined
  return `others can write to ${path}, and put what is theirs in place of what lies in it: chmod go-w ${path}`
}

/** See `unsafeAbove`, of all folders that this one lies in. Throws system errors. */
export function unsafeAnywhereAbove(folder: string): string | undefined {
  const place = realpathSync(folder)
  const above = dirname(place)
  return above === place ? undefined : (unsafeAbove(above, statSync(above)) ?? unsafeAnywhereAbove(above))
}
