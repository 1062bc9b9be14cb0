import { resolve } from 'node:path'
import { whyNot } from '../../shared/file-trouble.ts'
import { readPlainFile, UnfitFile } from '../../shared/whole-file.ts'
import { foreignness, unsafePlaceOf } from '../foreign-files.ts'
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
  try {
    const list = readPlainFile(path, mostBytes, (status) => {
      const reason = foreignness(path, status) ?? unsafePlaceOf(path)
      if (reason) throw new Refusal('invalid', reason)
    })
    return list.toString('utf8')
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (error instanceof UnfitFile) {
      throw new Refusal(
        'invalid',
        `${path} ${error.message}: a list is a file with a destination a line, or several such files`,
      )
    }
    throw new Refusal('invalid', `cannot read ${path}: ${whyNot(error, path, 'name another list')}`)
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
