import type * as z from 'zod'
import { events, methods } from '../../../shared/protocol/methods.ts'
import type { Judge } from '../../client/index.ts'

/**
 * What in the daemon's words is not as the protocol has it: the screens draw whatever the store holds, so that must be what its
 * types say. What a later version adds passes, for nobody here asks for it, and so do more rows or letters than are foreseen.
 */
export const judge: Judge = (said, name, value) => {
  const shape = said === 'event' ? eventShapes.get(name) : resultShapes.get(name)
  const issues = shape?.safeParse(value).error?.issues ?? []
  const issue = issues.find((one) => !isLength(one))
  return issue ? `${issue.path.join('.').slice(0, longest)}: ${issue.message}` : null
}

/** Characters that tell where something is wrong, some of which the daemon has chosen. */
const longest = 80

const eventShapes = new Map<string, z.ZodType>(Object.entries(events).map(([name, { params }]) => [name, params]))
const resultShapes = new Map<string, z.ZodType>(Object.entries(methods).map(([name, { result }]) => [name, result]))

function isLength({ code, ...issue }: z.core.$ZodIssue): boolean {
  return code === 'too_big' && 'origin' in issue && (issue.origin === 'array' || issue.origin === 'string')
}
