import type { LogEntry } from '../../../shared/protocol/methods.ts'

/** The daemon's log as far as it was followed. */
export interface Log {
  /** The mildest level that is followed. */
  readonly level: LogEntry['level']
  /** By `seq`; the newest ones. */
  readonly entries: readonly LogEntry[]
  /** What is shown while the person looks at earlier entries; null: what comes is shown. */
  readonly held: readonly LogEntry[] | null
  /** Entries that the daemon dropped since it was asked, because we were slow. */
  readonly lost: number
}

export const noLog: Log = { level: 'info', entries: [], held: null, lost: 0 }

/** Entries kept: twice of what the daemon gives for a start. */
const mostEntries = 2000

/** The log followed anew; what is held stays. */
export function beginLog(log: Log, entries: readonly LogEntry[]): Log {
  return { ...log, entries: entries.slice(-mostEntries), lost: 0 }
}

/** The log after more entries, oldest first; the oldest are forgotten. Earlier ones that count on from there were none, or are told again. */
export function addEntries(log: Log, entries: readonly LogEntry[], lost: number): Log {
  const first = entries[0]?.seq ?? Number.POSITIVE_INFINITY
  const before = log.entries.filter(({ seq }) => seq < first)
  return { ...log, entries: [...before, ...entries].slice(-mostEntries), lost: log.lost + lost }
}

/** Hold what is shown, or go on with what comes. */
export function holdLog(log: Log, hold: boolean): Log {
  return { ...log, held: hold ? (log.held ?? log.entries) : null }
}

/** Entries that came since the log is held. */
export function newerEntries({ entries, held }: Log): number {
  const last = held?.at(-1)?.seq ?? 0
  return held ? entries.filter(({ seq }) => seq > last).length : 0
}

/** A log of the same level with nothing in it. */
export function forgetLog({ level }: Log): Log {
  return { ...noLog, level }
}

/** The message with its fields as `key=value`, quoted where they have spaces or quotes of their own. */
export function entryText({ message, fields = {} }: LogEntry): string {
  const pairs = Object.entries(fields).map(
    ([key, value]) => `${key}=${/^[^\s"]+$/.test(value) ? value : JSON.stringify(value)}`,
  )
  return [message, ...pairs].join(' ')
}
