import {
  formatLimit,
  isLimit,
  type LimitName,
  type LimitValue,
  limitFields,
  limitNames,
  parseLimit,
  unitHint,
} from '../limits.ts'
import type { Params, Result, User } from '../protocol/methods.ts'
import { UsageError } from './usage.ts'
import type { Table } from './verb.ts'

/** Who or what a change of limits is about, and what becomes of the fields. */
export interface LimitWords {
  readonly names: readonly string[]
  readonly fields: Params<'users.set'>['fields']
}

/** Parts words into names and `FIELD=VALUE`. Throws `UsageError` if a field is none or its value makes no sense. */
export function readLimitWords(words: readonly string[]): LimitWords {
  const first = words.findIndex((word) => /^[\w-]+=/.test(word))
  const names = first < 0 ? words : words.slice(0, first)
  const fields = Object.fromEntries(words.slice(names.length).map(readField))
  return { names, fields }
}

/** Values go as they are written: the daemon reads them, too. */
function readField(word: string): readonly [LimitName, string] {
  const [, name, text = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? []
  if (name === undefined) throw new UsageError(`${JSON.stringify(word)} is no FIELD=VALUE; quote a value with spaces`)
  if (!isLimit(name)) {
    throw new UsageError(
      `${JSON.stringify(name)} is no field: there are ${limitNames.join(', ')}; 'help limits' explains them`,
    )
  }
  try {
    parseLimit(name, text)
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
  return [name, text]
}

/** `FIELD=VALUE` for each of them, with a space between. */
export function limitText(limits: User['limits']): string {
  return Object.entries(limits)
    .map(([name, value]) => `${name}=${valueText(name, value)}`)
    .join(' ')
}

/**
 * `quota 50GB, cycle month (the group's)`: what is in force of the fields that were changed, as `after` tells. Where it tells
 * nothing they are what was written.
 */
export function changedText(fields: LimitWords['fields'], after?: Result<'users.set'>['after']): string {
  return Object.entries(fields)
    .map(([name, written]) => {
      const text = typeof written === 'string' ? written : ''
      const value = after ? inForceText(name, after[name]) : writtenText(name, text)
      const hint = isLimit(name) ? unitHint(limitFields[name].type, text) : undefined
      return `${name} ${value}${hint === undefined ? '' : ` (${hint})`}`
    })
    .join(', ')
}

/** Whose a limit is that is in force. */
const owners: Readonly<Record<string, string>> = { user: '', group: " (the group's)", default: " (everybody's)" }

function inForceText(name: string, inForce: NonNullable<Result<'users.set'>['after']>[string] | undefined): string {
  if (!inForce) return 'none'
  const whose = owners[inForce.from] ?? ` (${inForce.from})`
  return valueText(name, inForce.value) + whose
}

function writtenText(name: string, text: string): string {
  const value = isLimit(name) ? parseLimit(name, text) : text
  return value === undefined ? 'not set' : valueText(name, value)
}

/** What takes a change back, as words: a field that was not there is the group's again. */
export function wordsBefore(fields: LimitWords['fields'], before: User['limits']): string[] {
  return Object.keys(fields).map((name) => `${name}=${name in before ? valueText(name, before[name] ?? null) : ''}`)
}

/** As people write it. A newer daemon may have fields that are not known here. */
export function valueText(name: string, value: LimitValue): string {
  return isLimit(name) ? formatLimit(name, value) : String(value ?? 'none')
}

/** All fields, with what they are and how they are written. */
export function listFields(): Table {
  const fields = limitNames.map((name) => [`${name}=${limitFields[name].placeholder}`, limitFields[name].summary])
  const values = [
    ['FIELD=none', 'no limit, whatever the group says'],
    ['FIELD=', 'what the group says'],
  ]
  return { rows: [...fields, ...values] }
}
