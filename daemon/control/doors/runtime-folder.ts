import { randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { whyNot } from '../../../shared/file-trouble.ts'
import { cookieFileName, unixSocketName } from '../../../shared/protocol/limits.ts'
import type { Log } from '../backend.ts'
import { ControlStartError } from '../start-error.ts'
import { ensurePrivateDirectory, foreseePrivateDirectory } from './private-directory.ts'
import { lockName, lockRuntimeDirectory } from './runtime-lock.ts'
import { bindUnixSocket, foreseeUnixSocket, refuseNoSocket } from './unix-socket.ts'

/** Milliseconds that a start waits for a daemon that is just ending. */
const patience = 1_000

/** Milliseconds between two looks at whether all is still there. */
const lookPeriod = 60_000

export interface RuntimeFolderOptions {
  readonly directory: string
  /** Who may open the Unix socket beside this user. */
  readonly group: number | undefined
  readonly cookie: string
  /** Whether the folder is that of a daemon that makes way for this one. */
  readonly makesWay: boolean
  /** A server for the Unix socket, which listens nowhere yet. */
  readonly makeServer: () => Server
  readonly log: Log
  /** By default a minute. */
  readonly lookPeriod?: number | undefined
}

/** A file of ours, as long as it has this inode. */
interface Held {
  readonly inode: number
  release(): void
}

/**
 * What clients on this machine find the daemon by: the Unix socket, the cookie, and the lock that keeps a second daemon
 * out. In a folder for temporary files things are removed when they look old, or when somebody tidies up. So they are
 * touched again and again, and what has been removed is made anew, for nobody could manage the daemon without it.
 */
export class RuntimeFolder {
  readonly socketPath: string
  readonly #options: RuntimeFolderOptions
  readonly #lockPath: string
  readonly #cookiePath: string
  #lock: Held | undefined
  #socket: Held | undefined
  #cookie: Held | undefined
  #timer: NodeJS.Timeout | undefined
  #lastChange: Promise<void> = Promise.resolve()
  #isWithdrawn = false
  /** Another daemon has the lock, and may put its own files in the place of ours. */
  #isLent = false
  /** What kept the last look from making all anew. */
  #trouble: string | undefined

  constructor(options: RuntimeFolderOptions) {
    const { directory } = options
    this.#options = options
    this.socketPath = join(directory, unixSocketName)
    this.#lockPath = join(directory, lockName)
    this.#cookiePath = join(directory, cookieFileName)
  }

  /**
   * Makes the folder this daemon's and puts everything into it. Throws `ControlStartError` if it is another daemon's, or
   * others could get at it; call `withdraw` and `unlock` then, too.
   */
  async open(): Promise<void> {
    await this.#make(patience)
    this.#timer = setInterval(() => void this.renew(), this.#options.lookPeriod ?? lookPeriod).unref()
  }

  /** Makes anew what is no longer there, and has the rest look used. What goes wrong is logged. */
  renew(): Promise<void> {
    this.#lastChange = this.#lastChange.then(() => this.#renew())
    return this.#lastChange
  }

  /** From now on nobody finds the daemon. What another has put in the place of our files stays, and what cannot be removed. */
  withdraw(): void {
    if (this.#isWithdrawn) return
    this.#isWithdrawn = true
    clearInterval(this.#timer)
    for (const held of [this.#cookie, this.#socket]) {
      try {
        held?.release()
      } catch {
        // A folder that cannot be written any more must not keep the daemon from its end.
      }
    }
  }

  /** From now on the folder may be another daemon's. */
  unlock(): void {
    this.#isLent = true
    this.#lock?.release()
    this.#lock = undefined
  }

  /** As before `unlock`, whatever the other daemon has done. What goes wrong is logged. */
  async lockAgain(): Promise<void> {
    this.#isLent = false
    const warn = (error: Error) =>
      this.#options.log.warn(`the runtime folder ${this.#options.directory} is not this daemon's: ${error.message}`)
    this.#lastChange = this.#lastChange.then(() => this.#make(patience)).catch(warn)
    await this.#lastChange
  }

  async #renew(): Promise<void> {
    if (this.#isWithdrawn || this.#isLent) return
    const { directory, log } = this.#options
    try {
      if (!this.#isWhole) {
        await this.#make(0)
        if (this.#isWithdrawn) return
        log.warn(`files were missing in the runtime folder ${directory}: they are there again`)
      }
      const now = new Date()
      for (const path of [directory, this.#lockPath, this.socketPath, this.#cookiePath]) utimesSync(path, now, now)
      this.#trouble = undefined
    } catch (error) {
      const { message } = error as Error
      if (message !== this.#trouble)
        log.warn(`the runtime folder ${directory} is not whole, and cannot be mended: ${message}`)
      this.#trouble = message
    }
  }

  get #isWhole(): boolean {
    return (
      isThere(this.#lockPath, this.#lock) &&
      isThere(this.socketPath, this.#socket) &&
      isThere(this.#cookiePath, this.#cookie)
    )
  }

  async #make(patience: number): Promise<void> {
    const { directory, group, cookie } = this.#options
    ensurePrivateDirectory(directory, group)
    refuseObstacles(directory)
    if (!isThere(this.#lockPath, this.#lock)) {
      const release = lockRuntimeDirectory(directory, patience)
      this.#lock?.release()
      this.#lock = { inode: lstatSync(this.#lockPath).ino, release }
    }
    if (!isThere(this.socketPath, this.#socket)) {
      this.#socket?.release()
      this.#socket = await this.#listen()
    }
    // What has come to an end while this was waited for is not begun any more.
    if (this.#isWithdrawn) return this.#socket?.release()
    if (!isThere(this.#cookiePath, this.#cookie)) this.#cookie = placeCookie(this.#cookiePath, cookie)
  }

  async #listen(): Promise<Held> {
    const server = this.#options.makeServer()
    const { group, makesWay } = this.#options
    await bindUnixSocket(server, this.socketPath, group, makesWay)
    const inode = lstatSync(this.socketPath).ino
    const release = () => {
      server.close()
      removeIfSame(this.socketPath, inode)
    }
    return { inode, release }
  }
}

/** Throws a `ControlStartError` if this folder cannot be a daemon's, which it may have to make. Changes nothing. */
export function foreseeRuntimeFolder(directory: string, group: number | undefined): void {
  if (foreseePrivateDirectory(directory, group)) refuseObstacles(directory)
  foreseeUnixSocket(join(directory, unixSocketName))
}

/** Throws a `ControlStartError` if a folder takes no file of ours, or has something else in the place of one. */
function refuseObstacles(directory: string): void {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
  } catch (error) {
    const why = whyNot(error, directory, 'name another with --runtime-dir')
    throw new ControlStartError(`cannot write to the runtime folder ${directory}: ${why}`)
  }
  for (const path of [join(directory, lockName), join(directory, cookieFileName)]) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory())
      throw new ControlStartError(`${path} is a folder: remove it, or name another with --runtime-dir`)
  }
  refuseNoSocket(join(directory, unixSocketName))
}

function isThere(path: string, held: Held | undefined): boolean {
  return held !== undefined && lstatSync(path, { throwIfNoEntry: false })?.ino === held.inode
}

/** Puts the cookie in the place of whatever is there, readable by this user only. Throws `ControlStartError`. */
function placeCookie(path: string, cookie: string): Held {
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  try {
    writePrivately(draft, cookie)
    renameSync(draft, path)
    const inode = lstatSync(path).ino
    return { inode, release: () => removeIfSame(path, inode) }
  } catch (error) {
    rmSync(draft, { force: true })
    throw new ControlStartError(
      `cannot write the cookie ${path}: ${whyNot(error, path, 'name another folder with --runtime-dir')}`,
    )
  }
}

function writePrivately(path: string, text: string): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    writeFileSync(file, text)
  } finally {
    closeSync(file)
  }
}

function removeIfSame(path: string, inode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true })
}
