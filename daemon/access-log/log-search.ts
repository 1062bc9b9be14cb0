import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { AccessEntry, Result } from '../../shared/protocol/methods.ts'
import { foreignness } from '../foreign-files.ts'
import { Refusal } from '../refusal.ts'
import type { EntryFilter } from './entry-filter.ts'
import { entryOf } from './line.ts'

/** Bytes read at once, and for one page: some 10,000 lines, in which time the tables go on remembering what ends. */
const chunk = 256 * 1024
const mostRead = 4 * 1024 * 1024
/** Milliseconds by which lines may be out of order, for clocks are set. */
const disorder = 60_000

export interface Query {
  readonly matches: EntryFilter
  /** Milliseconds since 1970. */
  readonly since: number
  readonly limit: number
  readonly cursor: string | undefined
}

/** A place in a file, which keeps its number when it is moved aside. */
interface Place {
  readonly file: number
  readonly offset: number
}

/**
 * The entries of a log and its older files, FILE.1 and so on, newest first. A page may have fewer than there are, even
 * none: then it names the next one all the same. Throws a Refusal for a cursor that is none.
 */
export function searchLog(path: string, older: number, query: Query): Result<'access.list'> {
  const { cursor, matches, since, limit } = query
  let from = cursor === undefined ? undefined : placeOf(cursor)
  let left = mostRead
  const entries: AccessEntry[] = []
  for (let number = 0; number <= older; number++) {
    const fd = openIfThere(number === 0 ? path : `${path}.${number}`)
    if (fd === undefined) continue
    try {
      const { ino, size } = fstatSync(fd)
      if (from && from.file !== ino) continue
      const end = from?.offset ?? size
      from = undefined
      for (const { text, start } of linesBefore(fd, end)) {
        const entry = entryOf(text)
        if (entry && entry.ts < since - disorder) return { entries }
        if (entry && entry.ts >= since && matches(entry)) entries.push(entry)
        left -= text.length
        if (entries.length === limit || left <= 0) return { entries, next: `${ino} ${start}` }
      }
    } finally {
      closeSync(fd)
    }
  }
  return { entries }
}

function placeOf(cursor: string): Place {
  const [, file, offset] = /^(\d+) (\d+)$/.exec(cursor) ?? []
  if (file === undefined || !Number.isSafeInteger(Number(offset))) throw new Refusal('invalid', 'no such cursor')
  return { file: Number(file), offset: Number(offset) }
}

/** Undefined also for what is no plain file of ours: in a folder of all, anybody can lay a FIFO or a link where an older file was. */
function openIfThere(path: string): number | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const status = fstatSync(fd)
    if (status.isFile() && foreignness(path, status) === undefined) return fd
    closeSync(fd)
  } catch {
    // It is not there, or not for us.
  }
  return undefined
}

/** The lines of a file that end at `end` or before, the last one first, and where each begins. */
function* linesBefore(fd: number, end: number): Generator<{ readonly text: string; readonly start: number }> {
  /** The end of a line whose beginning is not read yet. */
  let tail = Buffer.alloc(0)
  for (let at = end; at > 0; ) {
    const size = Math.min(chunk, at)
    at -= size
    const read = Buffer.alloc(size)
    readSync(fd, read, 0, size, at)
    const bytes = Buffer.concat([read, tail])
    let stop = bytes.length
    for (let feed = feedBefore(bytes, stop); feed >= 0; feed = feedBefore(bytes, stop)) {
      yield { text: bytes.toString('utf8', feed + 1, stop), start: at + feed + 1 }
      stop = feed + 1
    }
    tail = bytes.subarray(0, stop)
    // No line is as long as that: this is no log.
    if (tail.length > 2 * chunk) return
  }
  if (tail.length > 0) yield { text: tail.toString('utf8'), start: 0 }
}

/** The line feed before the line that ends at `stop`; -1 if there is none. */
function feedBefore(bytes: Buffer, stop: number): number {
  return stop < 2 ? -1 : bytes.lastIndexOf(10, stop - 2)
}
