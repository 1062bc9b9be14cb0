import { type LimitName, type LimitValue, limitNames } from '../../shared/limits.ts'
import type { Effective } from './effective-limits.ts'

/** Whether whoever has had the first limits may do nothing more by the second ones. */
export function isTighter(before: Effective, after: Effective): boolean {
  return limitNames.every((name) => isAsTight(name, before[name]?.value ?? null, after[name]?.value ?? null))
}

function isAsTight(name: LimitName, before: LimitValue, after: LimitValue): boolean {
  switch (name) {
    case 'rate-up':
    case 'rate-down':
    case 'max-connections':
    case 'max-sources':
    case 'quota':
    case 'expires':
      return isSame(before, after) || (typeof after === 'number' && after <= mostOf(before))
    case 'over':
      return isSame(before, after) || rateAfter(after) <= rateAfter(before)
    case 'sources':
      return isSame(before, after) || (isList(after) && (!isList(before) || after.every((one) => before.includes(one))))
    case 'warn':
    case 'note':
      return true
    default:
      return isSame(before, after)
  }
}

/** Without a limit there is none to be above. A span is not known here. */
function mostOf(value: LimitValue): number {
  if (value === null) return Number.POSITIVE_INFINITY
  return typeof value === 'number' ? value : Number.NEGATIVE_INFINITY
}

/** Bytes a second that are left to who has used up a quota. */
function rateAfter(value: LimitValue): number {
  return typeof value === 'number' ? value : 0
}

function isList(value: LimitValue): value is readonly string[] {
  return Array.isArray(value)
}

function isSame(one: LimitValue, other: LimitValue): boolean {
  return one === other || (isList(one) && isList(other) && one.join() === other.join())
}
