import type { AuditEntry } from '../../shared/protocol/methods.ts'
import type { SettingValue } from '../../shared/settings.ts'
import { damagedLimits, damagedSetting, type StoredUser } from './store.ts'

/** What columns of JSON hold. SQL sees to it at most that it is JSON, so each is judged by its shape when it is read. */

/** The limits of `whose`. Throws a SyntaxError, with words for people. */
export function limitsIn(text: string, whose: string): StoredUser['limits'] {
  const read: unknown = JSON.parse(text)
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    throw new SyntaxError(`the limits of ${whose} are no JSON object`)
  if (!Object.values(read).every(isLimitValue))
    throw new SyntaxError(`the limits of ${whose} have values in them that none can have`)
  return read
}

function isLimitValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string')
  return value === null || typeof value === 'string' || typeof value === 'number'
}

/** Of a store that nodes share, which cannot all wait for one row: `damagedLimits` where `limitsIn` throws. */
export function sharedLimitsIn(text: string): StoredUser['limits'] {
  return unlessDamaged(() => limitsIn(text, '')) ?? damagedLimits
}

/** As `sharedLimitsIn`: undefined where `seenIn` throws. */
export function sharedSeenIn(text: string): string[] | undefined {
  return unlessDamaged(() => seenIn(text, ''))
}

/** As `sharedLimitsIn`: none where `idsIn` throws. */
export function sharedIdsIn(text: string): number[] {
  return unlessDamaged(() => idsIn(text)) ?? []
}

/** As `sharedLimitsIn`: `damagedSetting` for what is no JSON, or `null`. */
export function sharedSettingIn(text: string): SettingValue {
  return unlessDamaged(() => JSON.parse(text)) ?? damagedSetting
}

function unlessDamaged<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Where a watch has seen users. Throws a SyntaxError, with words for people. */
export function seenIn(text: string, name: string): string[] {
  const read: unknown = JSON.parse(text)
  if (Array.isArray(read) && read.every((each) => typeof each === 'string')) return read
  throw new SyntaxError(`what the watch ${JSON.stringify(name)} has seen is no JSON array of strings`)
}

/** What an entry of the audit tells. One that is damaged hides no other: it tells that it is. */
export function factsIn(text: string): AuditEntry['given'] {
  const read = unlessDamaged<unknown>(() => JSON.parse(text))
  if (typeof read === 'object' && read !== null && !Array.isArray(read)) return { ...read }
  return { damaged: 'what stands here cannot be read' }
}

/** The numbers of rules. Throws a SyntaxError, with words for people. */
export function idsIn(text: string): number[] {
  const read: unknown = JSON.parse(text)
  if (Array.isArray(read) && read.every(Number.isSafeInteger)) return read
  throw new SyntaxError('the numbers of the rules are no JSON array of integers')
}

/** Throws a SyntaxError if a row of this table holds what is not of its shape; an older schema has not all of the columns. */
export function judgeJson(table: string, { name, limits, seen, ids }: Readonly<Record<string, unknown>>): void {
  if ((table === 'users' || table === 'groups') && limits !== undefined) limitsIn(String(limits), String(name))
  if (table === 'watches' && seen !== undefined) seenIn(String(seen), String(name))
  if (table === 'rules' && ids !== undefined) idsIn(String(ids))
}
