import type * as z from 'zod'
import { events, methods } from '../../../shared/protocol/methods.ts'
import type { Judge } from '../../client/index.ts'
import type { Gap } from '../state/gaps.ts'

/**
 * Finds what in the words of a daemon is not as the protocol has it: the screens draw whatever the store holds, so that must be
 * what its types say. What a later version adds passes, for nobody here asks for it, and so do more rows or letters than are
 * foreseen. `differs` hears of each method and event of which that is so.
 */
export function judgeFor(differs: (gap: Gap) => void): Judge {
  return (said, name, value) => {
    const shape = said === 'event' ? eventShapes.get(name) : resultShapes.get(name)
    const issues = shape?.safeParse(withoutCounts(name, value)).error?.issues ?? []
    const issue = issues.find((one) => !isLength(one))
    if (!issue) return null
    differs({ name, release: releaseBy(issue) })
    return `${issue.path.join('.').slice(0, longest)}: ${issue.message}`
  }
}

/** Whose releases differ like that: later ones only add members, and words. */
function releaseBy({ code, message }: z.core.$ZodIssue): Gap['release'] {
  if (code === 'invalid_value') return 'newer'
  return code === 'invalid_type' && message.endsWith('received undefined') ? 'older' : 'other'
}

/**
 * Without the new counts of rows that have moved, if all of them are sound: of a busy daemon's words they are nearly all, and
 * zod makes a handful of objects for each.
 */
function withoutCounts(name: string, value: unknown): unknown {
  const width = name === 'connections.changed' ? 3 : name === 'users.changed' ? 7 : 0
  if (width === 0 || typeof value !== 'object' || value === null || !('moved' in value)) return value
  const areSound = Array.isArray(value.moved) && value.moved.every((row) => isCounts(row, width))
  return areSound ? { ...value, moved: [] } : value
}

/** Whose, and numbers that count something. */
function isCounts(row: unknown, width: number): boolean {
  if (!Array.isArray(row) || row.length !== width || typeof row[0] !== 'string') return false
  return row.every((count, at) => at === 0 || (Number.isSafeInteger(count) && count >= 0))
}

/** Characters that tell where something is wrong, some of which the daemon has chosen. */
const longest = 80

const eventShapes = new Map<string, z.ZodType>(Object.entries(events).map(([name, { params }]) => [name, params]))
const resultShapes = new Map<string, z.ZodType>(Object.entries(methods).map(([name, { result }]) => [name, result]))

function isLength({ code, ...issue }: z.core.$ZodIssue): boolean {
  return code === 'too_big' && 'origin' in issue && (issue.origin === 'array' || issue.origin === 'string')
}
