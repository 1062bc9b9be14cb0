import { accessSync, constants, lstatSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { errnoOf } from './failure.ts'

/**
 * Why a file or folder of this process may hold what somebody else has put there, with the mend; undefined if only this
 * user and root can have. Root itself trusts nobody else.
 */
export function foreignness(path: string, { uid, mode }: Pick<Stats, 'uid' | 'mode'>): string | undefined {
  // Where there are no such owners and modes, there is nothing to judge by.
  if (process.geteuid === undefined) return undefined
  if (!isTrusted(uid)) return `${path} belongs to another user (${uid}): make it your own, or choose another`
  if ((mode & 0o022) === 0) return undefined
  return `others can write to ${path}: see that all in it is as you left it, then chmod go-w ${path}`
}

/**
 * Why a file or folder may be another one than it was, or than the one that is made there: whoever can write to a folder on the way to it, links followed, can put
 * something else in the place of what lies there, unless a sticky bit keeps them from it, as that of /tmp does. The
 * process's own group may. Throws system errors.
 */
export function unsafeAnywhereAbove(path: string): string | undefined {
  for (const step of stepsTo(path)) {
    const reason = unsafeStep(step)
    if (reason) return reason
  }
  return undefined
}

/**
 * As `unsafeAnywhereAbove`, of a file that decides who may do what: the folder that it lies in must be this user's or root's, and
 * a sticky bit does not suffice, for it leaves a name to whoever takes it first. Throws system errors.
 */
export function unsafePlaceOf(file: string): string | undefined {
  const folder = [...stepsTo(file)].at(-1)?.folder ?? '/'
  const status = statSync(folder)
  if (isTrusted(status.uid) && !isOpen(folder, status)) return unsafeAnywhereAbove(file)
  return `others can put a file of theirs in the place of ${file}: move it to a folder that only you can write to`
}

function isTrusted(owner: number): boolean {
  const own = process.geteuid?.()
  return own === undefined || owner === own || owner === 0
}

/** A part of a path: what `folder` has under one name, which may be a link. */
interface Step {
  readonly folder: string
  readonly entry: string
}

/** More than the kernel follows (path_resolution(7)). */
const mostLinks = 40

/** From the root on. Below /proc are the descriptors that whoever started this process has opened: they are what they are. */
function* stepsTo(path: string): Generator<Step> {
  const names = resolve(path).split('/')
  let folder = '/'
  for (let links = 0; names.length > 0 && folder !== '/proc'; ) {
    const entry = resolve(folder, names.shift() ?? '')
    if (entry.length > folder.length) yield { folder, entry }
    const status = lstatSync(entry, { throwIfNoEntry: false })
    if (!status) return
    if (status.isSymbolicLink() && links++ < mostLinks) {
      const target = readlinkSync(entry)
      names.unshift(...target.split('/'))
      if (isAbsolute(target)) folder = '/'
    } else folder = entry
  }
}

function unsafeStep({ folder, entry }: Step): string | undefined {
  const status = statSync(folder)
  if (!isOpen(folder, status)) return undefined
  const isSticky = (status.mode & 0o1000) !== 0
  const placed = lstatSync(entry, { throwIfNoEntry: false })
  if (isSticky && (!placed || isTrusted(placed.uid) || !placed.isSymbolicLink())) return undefined
  const mend = isSticky ? `${entry} is a link of theirs` : `chmod go-w ${folder}`
  return `others can write to ${folder}, and put what is theirs in place of what lies in it: ${mend}`
}

/** Whether others can write to a folder. Volumes of Kubernetes look as if they could, but for being mounted read-only. */
function isOpen(folder: string, { gid, mode }: Pick<Stats, 'gid' | 'mode'>): boolean {
  const own = process.getegid?.()
  if (own === undefined) return false
  return ((mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== own && gid !== 0)) && !isReadOnly(folder)
}

function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return false
  } catch (error) {
    return errnoOf(error) === 'EROFS'
  }
}
