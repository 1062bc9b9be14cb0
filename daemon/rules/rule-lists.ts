import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { errnoOf } from '../failure.ts'
import { foreignness } from '../foreign-files.ts'
import { parseDestination, type Rule, type RuleDestination } from '../policy/rule.ts'
import { Refusal } from '../refusal.ts'

/** Bytes of one list. */
const mostBytes = 16 * 1024 * 1024

/**
 * The destinations of a rule, those of its lists (`@file`) in place of their names: one a line, `#` begins a comment. A
 * relative path is one in `folder`. Throws a Refusal that says `path:line`.
 */
export function destinationsOf({ to }: Rule, folder: string): readonly RuleDestination[] {
  return to.flatMap((destination) =>
    destination.kind === 'file' ? readList(resolve(folder, destination.path)) : destination,
  )
}

function readList(path: string): RuleDestination[] {
  return readTrusted(path)
    .split('\n')
    .flatMap((line, i) => {
      const text = line.replace(/(?:^|\s)#.*$/, '').trim()
      return text === '' ? [] : parseLine(text, `${path}:${i + 1}`)
    })
}

/** Whoever can write to a list decides where clients may go, so it must be nobody else. */
function readTrusted(path: string): string {
  let file: number | undefined
  try {
    // O_NONBLOCK: opening a FIFO would wait for its writer, and all changes of rules with it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const status = fstatSync(file)
    const reason = foreignness(path, status)
    if (reason) throw new Refusal('invalid', reason)
    if (!status.isFile()) throw new Refusal('invalid', `${path} is no plain file: a list is a destination a line`)
    if (status.size > mostBytes) throw new Refusal('invalid', `${path} has more than ${mostBytes} bytes: split it`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Refusal) throw error
    const reason = errnoOf(error) === 'ENOENT' ? 'there is no such file, make it first' : errnoOf(error)
    throw new Refusal('invalid', `cannot read ${path}: ${reason}`)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Only what looks like a network is quoted: whoever may change rules may not read every file of this machine. */
function parseLine(text: string, place: string): RuleDestination {
  try {
    const destination = parseDestination(text)
    if (destination.kind === 'file') throw new RangeError('a list names no other list')
    return destination
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const isTold = text.startsWith('@') || /^[\d.:a-f]+\/\d+$/i.test(text)
    const why = isTold
      ? error.message
      : 'this line is no name, address or network: write example.com, 10.0.0.0/8 or any'
    throw new Refusal('invalid', `${place}: ${why}`)
  }
}
