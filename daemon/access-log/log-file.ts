import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { foreseeMaking, isOfKernel, whyNot } from '../../shared/file-trouble.ts'
import { errnoOf } from '../failure.ts'
import { foreignness } from '../foreign-files.ts'
import { Refusal } from '../refusal.ts'

/** Bytes that wait for a disk that is full, or a reader that hangs: some 10,000 lines. */
const mostWaiting = 4 * 1024 * 1024
const lineFeed = 10
/** How the first line of a log begins, in either format. */
const beginning = /^(?:\{"ts":"[\d:.TZ-]{24}","event":|[\d:.TZ-]{24} (?:end|start|alive|dropped) )/

export interface Rotation {
  /** Bytes in one file; 0: any number. */
  readonly size: number
  /** How many older files are kept. */
  readonly count: number
}

/**
 * Opens the file that a log goes to, or makes it, readable by this user alone. Throws a Refusal if that cannot be, or if
 * somebody else can write to it: what is put there must not end up in another file of ours. Nor if it is somebody else's
 * pipe, who would read where clients go.
 */
export function openLogFile(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  let fd: number
  try {
    fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
  } catch (error) {
    throw new Refusal('invalid', cannotWrite(path, error))
  }
  const reason = unfitness(path, fstatSync(fd))
  if (reason === undefined) return fd
  closeSync(fd)
  throw new Refusal('invalid', `${reason} (access-log names it)`)
}

function unfitness(path: string, status: Stats): string | undefined {
  // What is written there is an order to the kernel, if it is taken at all.
  if (status.isFile() && isOfKernel(dirname(path))) return `${path} is the kernel's: name a file on a disk`
  // What others write into a pipe of ours ends up nowhere but at its reader.
  if (status.isFIFO()) return foreignness(path, { uid: status.uid, mode: 0 })
  return status.isFile() ? foreignness(path, status) : undefined
}

/**
 * As `openLogFile`, and throws a Refusal for a file that holds anything but a log: whoever may change settings could have
 * every file of this user written to, moved aside and in the end removed, the daemon's own among them.
 */
export function foreseeLogFile(path: string): void {
  const fd = openLogFile(path)
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  let reader: number | undefined
  try {
    const status = fstatSync(fd)
    if (!status.isFile() || status.size === 0) return
    reader = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const start = Buffer.alloc(64)
    if (beginning.test(start.toString('latin1', 0, readSync(reader, start)))) return
  } finally {
    closeSync(fd)
    if (reader !== undefined) closeSync(reader)
  }
  throw new Refusal('invalid', `${path} holds something else than an access log: name another file, or move it aside`)
}

/** As `foreseeLogFile`, of a file that has to be made, too, which it does not make. */
export function foreseeStartOfLog(path: string): void {
  try {
    foreseeMaking(path)
  } catch (error) {
    throw new Refusal('invalid', cannotWrite(path, error))
  }
  if (lstatSync(path, { throwIfNoEntry: false })) foreseeLogFile(path)
}

/** Throws a Refusal for a file that could never be moved aside, since the names of older ones are longer than its own. */
export function foreseeRotation(path: string, { size, count }: Rotation): void {
  if (size === 0 || count === 0) return
  const oldest = `${path}.${count}`
  if (errnoOf(failureOf(() => lstatSync(oldest, { throwIfNoEntry: false }))) !== 'ENAMETOOLONG') return
  const why = `its older files could not be called ${oldest}, which is longer than the system takes`
  throw new Refusal(
    'invalid',
    `the access log ${path} cannot be rotated: ${why}: choose a shorter name with access-log`,
  )
}

/** For people: what the system's error means, and what to do. */
function cannotWrite(path: string, error: unknown): string {
  const name = path === '-' ? 'on stdout' : path
  return `cannot write to the access log ${name}: ${whyNot(error, path, 'name another with access-log (- is stdout)')}`
}

/**
 * Where lines go: a file that is moved aside when it is full, or whatever else can be written to. Lines are kept until it
 * takes them, as many as there is room for. Nothing here is waited for but a disk.
 */
export class LogFile {
  readonly path: string
  readonly #rotation: Rotation
  readonly #tell: (problem: string | undefined) => void
  #fd: number | undefined
  #inode: number | undefined
  #isFile = false
  /** The file that is open may not be the one that has the name: that one could not be opened. */
  #isStale = false
  /** Bytes in the file. */
  #size = 0
  /** The lines between the two are still to be written. */
  readonly #buffer = Buffer.allocUnsafeSlow(mostWaiting)
  #start = 0
  #end = 0
  /** Bytes of the line at the start that are written already. */
  #torn = 0
  /** A full disk or a crash has left the file with half a line, which is to end before another one begins. */
  #isCutOff = false
  #problem: string | undefined

  /** `-` is standard output. `tell` hears why lines cannot be written, and undefined once they can again. */
  constructor(path: string, rotation: Rotation, tell: (problem: string | undefined) => void) {
    this.path = path
    this.#rotation = rotation
    this.#tell = tell
    this.#try(() => this.#open())
  }

  /** Whether what is written can be read again. */
  get isFile(): boolean {
    return this.#isFile
  }

  /** Bytes that are not written yet. */
  get waiting(): number {
    return this.#end - this.#start - this.#torn
  }

  /** False if there is no room for another line. */
  add(line: string): boolean {
    const most = 3 * line.length
    if (this.#end + most > mostWaiting) this.#moveToFront()
    if (this.#end + most > mostWaiting) return false
    this.#end += this.#buffer.write(line, this.#end)
    return true
  }

  /** Writes what waits, as far as that is possible now. */
  flush(): void {
    if (this.waiting === 0) return
    this.#try(() => {
      const failure = this.#isStale ? failureOf(() => this.#open()) : undefined
      if (this.#fd === undefined) this.#open()
      this.#seeWhetherEmptied()
      while (this.waiting > 0) this.#writeSome()
      // It is written, but not where whoever looks for it looks.
      if (failure) throw failure
    })
  }

  /** Goes on in the file that has the name now: somebody may have moved the old one aside. If it cannot be opened, each flush tries again. */
  reopen(): void {
    this.flush()
    this.#try(() => this.#open())
  }

  /** How many lines, or parts of one, could not be written and are lost. */
  close(): number {
    this.flush()
    this.#close()
    return this.#buffer.toString('latin1', this.#start, this.#end).split('\n').length - 1
  }

  #try(write: () => void): void {
    let problem: string | undefined
    try {
      write()
    } catch (error) {
      // A pipe or terminal whose reader is busy: there is room for what comes meanwhile.
      if (errnoOf(error) === 'EAGAIN') return
      problem = error instanceof Refusal ? error.message : cannotWrite(this.path, error)
    }
    if (problem === this.#problem) return
    this.#problem = problem
    this.#tell(problem)
  }

  /** The file that is open stays if there is no other. */
  #open(): void {
    this.#isStale = this.#fd !== undefined
    const fd = this.path === '-' ? 1 : openLogFile(this.path)
    this.#isStale = false
    this.#close()
    const status = fstatSync(fd)
    this.#fd = fd
    this.#isFile = this.path !== '-' && status.isFile()
    this.#size = this.#isFile ? status.size : 0
    if (status.ino === this.#inode) return
    this.#inode = status.ino
    // What is torn begins anew in another file.
    this.#torn = 0
    this.#isCutOff = this.#isFile && endsWithinLine(this.path, this.#size)
  }

  #close(): void {
    if (this.#fd !== undefined && this.path !== '-') closeSync(this.#fd)
    this.#fd = undefined
  }

  /** By somebody who wants room on the disk, or keeps a copy: what is torn is written anew, whole, and there is room for more. */
  #seeWhetherEmptied(): void {
    if (!this.#isFile) return
    const { size } = fstatSync(this.#fd as number)
    if (size >= this.#size) return
    this.#size = size
    this.#torn = 0
    this.#isCutOff = endsWithinLine(this.path, size)
  }

  #writeSome(): void {
    if (this.#isCutOff) this.#size += writeSync(this.#fd as number, '\n')
    this.#isCutOff = false
    const end = this.#whereToStop()
    const from = this.#start + this.#torn
    const written = writeSync(this.#fd as number, this.#buffer, from, end - from)
    const to = from + written
    this.#size += written
    this.#start = Math.max(this.#start, this.#buffer.lastIndexOf(lineFeed, to - 1) + 1)
    this.#torn = to - this.#start
  }

  /** As many whole lines as the file has room for; in a new one, one at least. */
  #whereToStop(): number {
    const { size, count } = this.#rotation
    if (!this.#isFile || size === 0 || this.#size + this.waiting <= size) return this.#end
    const firstEnd = this.#buffer.indexOf(lineFeed, this.#start) + 1
    if (this.#torn > 0) return firstEnd
    const room = this.#start + size - this.#size
    const lastEnd = room > this.#start ? this.#buffer.lastIndexOf(lineFeed, room - 1) + 1 : 0
    if (lastEnd > this.#start) return lastEnd
    if (this.#size > 0) {
      this.#moveAside(count)
      return this.#whereToStop()
    }
    return firstEnd
  }

  /** FILE becomes FILE.1, and so on; the oldest is gone. */
  #moveAside(count: number): void {
    try {
      if (count === 0) rmSync(this.path)
      for (let number = count - 1; number >= 0; number--)
        moveIfThere(this.#numbered(number), this.#numbered(number + 1))
      this.#open()
    } catch (error) {
      // It goes on where it is, and is tried again when as much has come.
      this.#size = 0
      throw error
    }
  }

  #numbered(number: number): string {
    return number === 0 ? this.path : `${this.path}.${number}`
  }

  #moveToFront(): void {
    this.#buffer.copyWithin(0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
  }
}

function failureOf(work: () => void): Error | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return error as Error
  }
}

function endsWithinLine(path: string, size: number): boolean {
  if (size === 0) return false
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const last = Buffer.alloc(1)
  try {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const isRead = readSync(fd, last, 0, 1, size - 1) === 1
    closeSync(fd)
    return isRead && last[0] !== lineFeed
  } catch {
    // It may be for writing only.
    return false
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}
