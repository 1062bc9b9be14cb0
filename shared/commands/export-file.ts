import { readNetwork } from '../filter/addresses.ts'
import { parseWatch, WatchError } from '../filter/watch-text.ts'
import { safeJson } from '../format/safe-text.ts'
import type { Method, Params } from '../protocol/methods.ts'
import { problemWithText, watchNameRules, watchTextRules } from '../protocol/text-rules.ts'
import { roles } from '../protocol/vocabulary.ts'
import { UsageError } from './usage.ts'

type Given<M extends Method, Part extends keyof Params<M>> = NonNullable<Params<M>[Part]>

/** All that a proxyd keeps, as a file has it; an import takes what is there. */
export interface Kept {
  readonly groups?: Given<'transfer.import', 'groups'>
  readonly users?: Given<'transfer.import', 'users'>
  /** Lines. */
  readonly rules?: readonly string[]
  readonly settings?: Readonly<Given<'config.set', 'patch'>>
  /** The bans that operators have set: others pass by themselves. */
  readonly bans?: readonly { readonly source: string; readonly until: number | null }[]
  readonly watches?: readonly Params<'watches.add'>[]
  /** Without passwords. */
  readonly operators?: readonly Params<'operators.setRole'>[]
}

/** Of what a file is made. */
const version = 1
const parts = {
  groups: 'objects',
  users: 'objects',
  rules: 'texts',
  settings: 'object',
  bans: 'objects',
  watches: 'objects',
  operators: 'objects',
} as const satisfies Record<keyof Kept, 'objects' | 'texts' | 'object'>

/** Arrays and objects inside each other; no export has so many. */
const mostNested = 16
/** The last moment that a `Date` can be, in milliseconds since 1970. */
const lastMoment = 8.64e15

/** What the daemon is not asked about all at once, or is quoted for the person to type: nothing is done where that makes no sense. */
const rowsOf: { readonly [name in keyof Kept]?: (row: Record<string, unknown>) => boolean } = {
  users: ({ name }) => typeof name === 'string',
  groups: ({ name }) => typeof name === 'string',
  bans: ({ source, until }) => typeof source === 'string' && (until === null || isMoment(until)),
  watches: ({ name, text }) => typeof name === 'string' && typeof text === 'string',
  operators: ({ name, role }) => isOperatorName(name) && roles.some((known) => known === role),
}

/** JSON for people, too: each user, rule and setting has a line. */
export function writeKept(kept: Kept): string[] {
  const members = Object.entries(kept).flatMap(([name, part], i, all) => {
    const isList = Array.isArray(part)
    const inside = isList
      ? part.map((each) => safeJson(each))
      : Object.entries(part).map(([name, value]) => `${safeJson(name)}: ${safeJson(value)}`)
    const [open, close] = isList ? '[]' : '{}'
    const end = i < all.length - 1 ? ',' : ''
    return [
      `  "${name}": ${open}`,
      ...inside.map((line, at) => `    ${line}${at < inside.length - 1 ? ',' : ''}`),
      `  ${close}${end}`,
    ]
  })
  return ['{', `  "proxyd": ${version},`, ...members, '}']
}

/** Throws `UsageError` if it is none. What users, groups, rules and settings hold, the daemon judges. */
export function readKept(text: string): Kept {
  const { proxyd, ...kept } = parse(text)
  if (!isFlat(kept, mostNested)) throw new UsageError('it has more inside each other than any export')
  if (proxyd !== version) throw new UsageError(`it has no "proxyd": ${version}, so it is no export of this proxyd`)
  for (const [name, part] of Object.entries(kept)) {
    if (!isPart(name))
      throw new UsageError(`it has ${JSON.stringify(name)}, which no export has: ${Object.keys(parts).join(', ')}`)
    const [kind, isRight] = [parts[name], shapes[parts[name]](part)]
    if (!isRight)
      throw new UsageError(
        `its ${JSON.stringify(name)} is not ${kind === 'object' ? 'an object' : `a list of ${kind}`}`,
      )
    if (Array.isArray(part)) refuseRows(name, part)
  }
  for (const { name, text } of (kept as Kept).watches ?? []) refuseWatch(name, text)
  return kept
}

function refuseRows(part: keyof Kept, rows: readonly Record<string, unknown>[]): void {
  const at = rows.findIndex((row) => rowsOf[part]?.(row) === false)
  if (at >= 0) throw new UsageError(`number ${at + 1} of its ${JSON.stringify(part)} is not as an export has it`)
}

function refuseWatch(name: string, text: string): void {
  const problem = problemWithWatch(name, text)
  if (problem !== null) throw new UsageError(`its watch ${JSON.stringify(name)}: ${problem}`)
}

function problemWithWatch(name: string, text: string): string | null {
  const unfit = problemWithText(watchNameRules, name)
  if (unfit !== null) return `its name ${unfit}`
  const unlike = problemWithText(watchTextRules, text)
  if (unlike !== null) return `its text ${unlike}`
  try {
    const { source } = { source: undefined, ...parseWatch(text) }
    const isRight = source === undefined || readNetwork(source)
    return isRight ? null : `src:${source} is no address, nor a network without bits behind its prefix`
  } catch (error) {
    if (error instanceof WatchError) return error.message
    throw error
  }
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= lastMoment
}

function isOperatorName(value: unknown): boolean {
  return typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N}._@-]*$/u.test(value)
}

function isFlat(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return most > 0 && Object.values(value).every((member) => isFlat(member, most - 1))
}

const shapes = {
  object: isObject,
  objects: (part: unknown) => Array.isArray(part) && part.every(isObject),
  texts: (part: unknown) => Array.isArray(part) && part.every((each) => typeof each === 'string'),
}

function isPart(name: string): name is keyof Kept {
  return Object.hasOwn(parts, name)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `JSON.parse` would repeat a piece of the text, which may hold a password, in its message. */
function parse(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new UsageError('it is not JSON')
  }
  if (!isObject(value)) throw new UsageError('it is not a JSON object')
  return value
}
