import {
  defaultGroup,
  endOfSpan,
  isLimit,
  isOfGroups,
  type LimitName,
  type Limits,
  type LimitValue,
  limitNames,
  readLimit,
} from '../../shared/limits.ts'
import type { Params } from '../../shared/protocol/methods.ts'
import { newNameRules, problemWithText, type TextRules } from '../../shared/protocol/text-rules.ts'
import { parseSpan } from '../../shared/span.ts'
import { Refusal } from '../refusal.ts'
import { refuseNonsense } from './damaged-limits.ts'
import { effective } from './effective-limits.ts'

/** What becomes of fields: undefined for what the group has. */
export type Changes = ReadonlyMap<LimitName, LimitValue | undefined>

/** Changes as an operator gives them. Throws a Refusal for what makes no sense. */
export function readChanges(fields: Params<'users.set'>['fields'], ofGroup = false): Changes {
  const changes = new Map<LimitName, LimitValue | undefined>()
  for (const [name, given] of Object.entries(fields)) {
    if (!isLimit(name))
      throw new Refusal('invalid', `there is no limit ${JSON.stringify(name)}: there are ${limitNames.join(', ')}`)
    if (ofGroup && !isOfGroups(name)) throw new Refusal('invalid', 'a group has no group')
    const value = orInvalid(() => readLimit(name, given))
    const meant = name === 'group' && (value === null || value === defaultGroup) ? undefined : value
    orInvalid(() => refuseNonsense(name, meant))
    changes.set(name, meant)
  }
  return changes
}

/**
 * The name of a group that is new, by which users can be given it: `none`, the empty text and spaces around it mean
 * something else there. Throws a Refusal.
 */
export function readNewName(name: string): string {
  refuseName('group', name, newNameRules)
  if (orInvalid(() => readLimit('group', name)) === name) return name
  throw new Refusal('invalid', `no group can be called ${JSON.stringify(name)}`)
}

/** Throws a Refusal of the name of somebody or something new, with what is wrong with it. */
export function refuseName(of: 'group' | 'user', name: string, rules: TextRules): void {
  const wrong = problemWithText(rules, name)
  if (wrong !== null) throw new Refusal('invalid', `the name of the ${of} ${JSON.stringify(name)} ${wrong}`)
}

/** What `read` returns; its RangeError as a Refusal. */
export function orInvalid<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) throw new Refusal('invalid', error.message)
    throw error
  }
}

/** The limits with these changes. */
export function merged(limits: Limits, changes: Changes): Limits {
  const next = new Map<string, LimitValue | undefined>([...Object.entries(limits), ...changes])
  return Object.fromEntries([...next].filter(([, value]) => value !== undefined))
}

/** What the fields were that are changed. */
export function valuesOf(limits: Limits, changes: Changes): Record<string, string | number | string[] | null> {
  return plain(Object.fromEntries(Object.entries(limits).filter(([name]) => changes.has(name as LimitName))))
}

/** As the protocol has them. */
export function plain(limits: Limits): Record<string, string | number | string[] | null> {
  return limits as Record<string, string | number | string[] | null>
}

/** Both are of plain values, and a field that has not changed keeps its place. */
export function isSame(one: Limits, other: Limits): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Limits of which a span of time has begun `now`, undefined if there is none, or it waits for the first use. */
export function startedAt(limits: Limits, group: Limits, everybody: Limits, now: number): Limits | undefined {
  const { starts } = effective(limits, group, everybody)
  const span = typeof limits.expires === 'string' ? parseSpan(limits.expires) : undefined
  return span === undefined || starts?.value === 'first-use' ? undefined : { ...limits, expires: endOfSpan(now, span) }
}
