import { safeJson } from '../format/safe-text.ts'
import type { Method, Params } from '../protocol/methods.ts'
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

/** Throws `UsageError` if it is none. What its members hold, the daemon judges. */
export function readKept(text: string): Kept {
  const { proxyd, ...kept } = parse(text)
  if (proxyd !== version) throw new UsageError(`it has no "proxyd": ${version}, so it is no export of this proxyd`)
  for (const [name, part] of Object.entries(kept)) {
    if (!isPart(name))
      throw new UsageError(`it has ${JSON.stringify(name)}, which no export has: ${Object.keys(parts).join(', ')}`)
    const [kind, isRight] = [parts[name], shapes[parts[name]](part)]
    if (!isRight)
      throw new UsageError(
        `its ${JSON.stringify(name)} is not ${kind === 'object' ? 'an object' : `a list of ${kind}`}`,
      )
  }
  return kept
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
