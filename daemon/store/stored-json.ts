import type { AuditEntry } from '../../shared/protocol/methods.ts'
import type { SettingValue } from '../../shared/settings.ts'
import { damagedLimits, damagedSetting, type StoredUser } from './store.ts'

/**
 * What columns of JSON hold. SQL sees to it at most that it is JSON, so each is judged by its shape when it is read, and what is
 * damaged stands for that: nobody else has to wait for one row.
 */

/** `damagedLimits` for what cannot be limits. */
export function limitsIn(text: string): StoredUser['limits'] {
  const read = jsonIn(text)
  const areLimits = typeof read === 'object' && read !== null && !Array.isArray(read)
  return areLimits && Object.values(read).every(isLimitValue) ? { ...read } : damagedLimits
}

function isLimitValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string')
  return value === null || typeof value === 'string' || typeof value === 'number'
}

/** `damagedSetting` for what is no JSON, or `null`. */
export function settingIn(text: string): SettingValue {
  return (jsonIn(text) as SettingValue | null | undefined) ?? damagedSetting
}

/** Where a watch has seen users; undefined for what can be none of it. */
export function seenIn(text: string): string[] | undefined {
  const read = jsonIn(text)
  return Array.isArray(read) && read.every((each) => typeof each === 'string') ? read : undefined
}

/** The numbers of rules; none for what can be none. */
export function idsIn(text: string): number[] {
  const read = jsonIn(text)
  return Array.isArray(read) && read.every(Number.isSafeInteger) ? read : []
}

/** What an entry of the audit tells. One that is damaged tells that it is. */
export function factsIn(text: string): AuditEntry['given'] {
  const read = jsonIn(text)
  if (typeof read === 'object' && read !== null && !Array.isArray(read)) return { ...read }
  return { damaged: 'what stands here cannot be read' }
}

/** By column: what is stored in place of text that is no JSON, which no database takes, and is read as damaged, too. */
const standIns: Readonly<Record<string, string>> = {
  limits: JSON.stringify(damagedLimits),
  ...{ value: 'null', seen: 'null', ids: 'null', given: 'null', before: 'null', after: 'null' },
}

/** What to store in a column in place of this; the same, unless that is to be JSON and is none. */
export function storable<Value>(column: string, stored: Value): Value | string {
  const standIn = standIns[column]
  if (standIn === undefined || stored === null || jsonIn(String(stored)) !== undefined) return stored
  return standIn
}

/** Undefined for what is none. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
