import type { Limits } from '../../../shared/protocol/limits.ts'
import { eventLine, newestThatFit } from '../../../shared/protocol/message.ts'
import type { LogEntry } from '../../../shared/protocol/methods.ts'
import { logLevels } from '../../../shared/protocol/vocabulary.ts'
import type { RecordedLog } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { isAtLeast, type Outlet, type Subscription } from '../session.ts'

/** Following the log, from `info` on unless asked otherwise. */
export function logHandlers(log: RecordedLog, limits: Limits): HandlersOf<'log'> {
  return {
    'log.subscribe': ({ level = 'info', history = 0 }, session) => {
      // Asked each time: who follows may have given up a role meanwhile.
      const wants = (entry: LogEntry) =>
        logLevels.indexOf(entry.level) >= logLevels.indexOf(level) &&
        (!entry.audit || isAtLeast(session.identity.role, 'admin'))
      const options = { wants, waiting: limits.unsentLog, line: limits.line }
      session.subscribe('log', (outlet) => followLog(log, outlet, options))
      return { entries: newestThatFit(log.history(history, wants), limits.line) }
    },
    'log.unsubscribe': (_, session) => {
      session.unsubscribe('log')
      return {}
    },
  }
}

export interface LogFeedOptions {
  /** What the client asks for, and may know of. */
  readonly wants: (entry: LogEntry) => boolean
  /** Entries that may wait for the client; the oldest go first. */
  readonly waiting: number
  /** Bytes in one event. */
  readonly line: number
}

/**
 * Pushes new entries of the log to a client: those of one turn of the event loop as one event, so that a burst costs
 * few. Of what could not be sent the newest stay, and the next event says how many did not.
 */
export function followLog(log: RecordedLog, outlet: Outlet, { wants, waiting, line }: LogFeedOptions): Subscription {
  let entries: LogEntry[] = []
  let lost = 0
  let scheduled: NodeJS.Immediate | undefined

  const pump = () => {
    if (entries.length === 0 || !outlet.ready) return
    const sent = newestThatFit(entries, line)
    lost += entries.length - sent.length
    entries = []
    outlet.send(eventLine('log.entries', { entries: sent, lost }))
    lost = 0
  }
  const unwatch = log.watch((entry) => {
    if (!wants(entry)) return
    entries.push(entry)
    if (entries.length > waiting) {
      entries.shift()
      lost++
    }
    scheduled ??= setImmediate(() => {
      scheduled = undefined
      pump()
    })
  })
  const stop = () => {
    unwatch()
    clearImmediate(scheduled)
  }
  return { pump, stop }
}
