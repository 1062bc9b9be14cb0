import { accessSync, constants, existsSync, lstatSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import { UnfitFile } from './whole-file.ts'

/**
 * Types of file systems in which the kernel alone makes files, from linux/magic.h: proc, sysfs, cgroup, cgroup2, devpts, debugfs,
 * tracefs, securityfs.
 */
const kernelTypes = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x64626720, 0x74726163, 0x73636673])

/** What is wrong, and what can be done about it, if anything but to name another file. */
type Trouble = readonly [cause: string, mend?: string]

/** By the errno name, where the rest of the path is in order. */
const troubles: Readonly<Record<string, Trouble>> = {
  ENOENT: ['there is no such file', 'make it first'],
  EEXIST: ['it is there already', 'move it aside'],
  ELOOP: ['it is a symbolic link', 'name the file that it leads to'],
  ENOTDIR: ['it is not a folder'],
  EISDIR: ['it is a folder'],
  ENXIO: ['nobody is at its other end', 'start its reader first'],
  EPIPE: ['nobody reads from it any more', 'start its reader again'],
  EACCES: ['this user has no right to it', 'grant that'],
  EPERM: ['the system does not allow it'],
  EROFS: ['its file system is mounted for reading only', 'mount it for writing'],
  ENAMETOOLONG: ['its name, or the whole path, is longer than the system takes'],
  ENOSPC: ['its disk is full', 'make room there'],
  EDQUOT: ["this user's share of its disk is used up (quota)", 'make room there'],
  EFBIG: ['it is as large as a file may become here', 'raise the limit, as by ulimit -f'],
  EIO: ['its disk or device fails', 'see to that'],
  EMFILE: ['this process has too many files open', 'raise the limit, as by ulimit -n'],
  ENFILE: ['this machine has too many files open', 'raise the limit (fs.file-max)'],
}

/** What can be wrong with what the path leads through, rather than with the last of it. */
const ofTheWay = new Set(['ENOENT', 'EEXIST', 'ELOOP', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'])

/**
 * Why a file or folder cannot be read, written or made, and what to do, in words that follow its name and a colon. `error` is what
 * the system said of it, or an `UnfitFile`, and `another` says how another one is named, as `name another with --config`.
 */
export function whyNot(error: unknown, path: string, another: string): string {
  const { code = '', errno, message } = error as NodeJS.ErrnoException
  const [cause, mend] = (ofTheWay.has(code) ? troubleOnTheWayTo(resolve(path)) : undefined) ??
    troubles[code] ?? [
      errno === undefined ? `${error instanceof UnfitFile ? 'it ' : ''}${message}` : getSystemErrorMessage(errno),
    ]
  return `${cause}: ${mend === undefined ? another : `${mend}, or ${another}`}`
}

/** Whether the files of this folder are the kernel's, and nobody else can make any. False if that cannot be known. */
export function isOfKernel(folder: string): boolean {
  try {
    return kernelTypes.has(statfsSync(folder).type)
  } catch {
    return false
  }
}

/** Throws the system error that keeps `path` from being made, if it is not there yet, as far as can be known without making it. */
export function foreseeMaking(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })) return
  accessSync(dirname(path), constants.W_OK | constants.X_OK)
  if (isOfKernel(dirname(path))) throw Object.assign(new Error(`EPERM: ${path}`), { code: 'EPERM' })
}

/** What is wrong with a step of the way from the root to `path`; undefined if all is well but for its last name. */
function troubleOnTheWayTo(path: string): Trouble | undefined {
  for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
    const step = end < 0 ? path : path.slice(0, end)
    const trouble = troubleAt(step)
    if (trouble || end < 0) return trouble
    if (!existsSync(step)) return [`there is no folder ${step}`, 'make it first']
    if (!statSync(step).isDirectory()) return [`${step} is not a folder`]
  }
}

function troubleAt(step: string): Trouble | undefined {
  const folder = dirname(step)
  const [named, led] = [codeOf(() => lstatSync(step)), codeOf(() => statSync(step))]
  if (named === undefined && led === 'ENOENT') return [`${step} is a symbolic link that leads nowhere`, 'mend that']
  if (named === undefined && led === 'ELOOP') return [`${step} is a symbolic link that leads in a circle`, 'mend that']
  if (named === 'EACCES') return [`this user may not enter ${folder}`, 'grant that']
  if (named !== 'ENOENT') return undefined
  if (isOfKernel(folder)) return [`nobody but the kernel makes anything in ${folder}`]
  const isForbidden = codeOf(() => accessSync(folder, constants.W_OK)) === 'EACCES'
  return isForbidden ? [`there is no ${step}, and this user may not write to ${folder}`, 'grant that'] : undefined
}

/** The errno name of what the work throws. */
function codeOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}
