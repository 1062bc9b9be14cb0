import { chmodSync, chownSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { foreseeMaking, whyNot } from '../../../shared/file-trouble.ts'
import { hasCapability } from '../../os/capabilities.ts'
import { ControlStartError } from '../start-error.ts'

/**
 * Makes sure of a folder that nobody but this user can enter, since whoever reaches what lies in it rules the daemon.
 * With `group`, that group may reach what it knows by name (mode 0710). Makes it if it is missing (its parent must be
 * there) and changes nothing about one that exists. Throws `ControlStartError`.
 */
export function ensurePrivateDirectory(path: string, group?: number): void {
  // Nothing is made that is then refused.
  foreseePrivateDirectory(path, group)
  if (makeDirectory(path) && group !== undefined) openToGroup(path, group)
  const fault = faultOf(path, group) ?? faultAbove(path)
  if (fault !== undefined) throw new ControlStartError(`the runtime folder ${path} ${fault}`)
}

/**
 * Throws the `ControlStartError` that `ensurePrivateDirectory` would, and makes nothing; whether there is a folder of this user. Root may
 * look for another one, whose folder it is then.
 */
export function foreseePrivateDirectory(path: string, group?: number): boolean {
  making(path, () => foreseeMaking(path))
  if (group !== undefined && !mayGiveTo(group)) throw notToBeGiven(path, group)
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status?.isDirectory() && process.geteuid?.() === 0 && status.uid !== 0) return false
  const fault = (status && faultOf(path, group)) ?? faultAbove(path)
  if (fault !== undefined) throw new ControlStartError(`the runtime folder ${path} ${fault}`)
  return status !== undefined
}

/** In a folder that many may write to, each may remove and rename only what is theirs: inode(7). */
const sticky = 0o1000

/** Whoever may write to a folder above could put another in the place of this one. */
function faultAbove(path: string): string | undefined {
  for (let folder = realpathSync(dirname(path)); ; folder = dirname(folder)) {
    const { mode } = statSync(folder)
    const isOpen = (mode & 0o022) !== 0 && (mode & sticky) === 0
    if (isOpen) return `can be replaced by others: chmod go-w ${folder}, or name another with --runtime-dir`
    if (folder === dirname(folder)) return undefined
  }
}

/** Gives `path` to a group. Throws `ControlStartError` if this user may not. */
export function giveToGroup(path: string, group: number): void {
  try {
    chownSync(path, -1, group)
  } catch {
    throw notToBeGiven(path, group)
  }
}

/** To which groups whoever owns a file may give it: chown(2). */
function mayGiveTo(group: number): boolean {
  return group === process.getegid?.() || process.getgroups?.().includes(group) || hasCapability('chown')
}

function notToBeGiven(path: string, group: number): ControlStartError {
  return new ControlStartError(
    `cannot give ${path} to group ${group}: proxyd's user must be in it, so name another with control-socket-group`,
  )
}

/** True if it was not there before. */
function makeDirectory(path: string): boolean {
  return making(path, () => {
    try {
      mkdirSync(path, { mode: 0o700 })
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      return false
    }
  })
}

function making<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const why = whyNot(error, path, 'name another with --runtime-dir')
    throw new ControlStartError(`cannot make the runtime folder ${path}: ${why}`)
  }
}

function openToGroup(path: string, group: number): void {
  giveToGroup(path, group)
  chmodSync(path, 0o710)
}

function faultOf(path: string, group: number | undefined): string | undefined {
  const status = lstatSync(path)
  const { mode, uid, gid } = status
  if (!status.isDirectory()) return 'is not a folder: remove it, or name another with --runtime-dir'
  if (uid !== process.geteuid?.()) return 'belongs to another user: name another with --runtime-dir'
  if (group === undefined) {
    return (mode & 0o077) === 0 ? undefined : `is open to others: chmod 700 ${path}, or name another with --runtime-dir`
  }
  if ((mode & 0o077) === 0o010 && gid === group) return undefined
  const mend = `chgrp ${group} ${path} && chmod 710 ${path}, or name another with --runtime-dir`
  return `is not open to group ${group}, or to more than passing through, as control-socket-mode 0660 needs it: ${mend}`
}
