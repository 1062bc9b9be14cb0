import type { UsageReports } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** What was used. */
export function usageHandlers(usage: UsageReports): HandlersOf<'usage'> {
  return { 'usage.list': (wish, session) => session.read(() => usage.list(wish)) }
}
