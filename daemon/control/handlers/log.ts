import type { Limits } from '../../../shared/protocol/limits.ts'
import type { RecordedLog } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { followLog } from '../feeds/log-feed.ts'
import { newestThatFit } from '../feeds/newest.ts'

/** Following the log, from `info` on unless asked otherwise. */
export function logHandlers(log: RecordedLog, limits: Limits): HandlersOf<'log'> {
  return {
    'log.subscribe': ({ level = 'info', history = 0 }, session) => {
      const options = { level, waiting: limits.unsentLog, line: limits.line }
      session.subscribe('log', (outlet) => followLog(log, outlet, options))
      return { entries: newestThatFit(log.history(history, level), limits.line) }
    },
    'log.unsubscribe': (_, session) => {
      session.unsubscribe('log')
      return {}
    },
  }
}
