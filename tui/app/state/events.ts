import type { EventEntry } from '../../../shared/protocol/methods.ts'

/** What happened, as far as it was followed. */
export interface Events {
  /** In the order in which they came; the newest ones. */
  readonly entries: readonly EventEntry[]
  /** What is shown while the person has it stand still; null: what comes is shown. */
  readonly held: readonly EventEntry[] | null
  /** Events of which the daemon told no more than that there were so many. */
  readonly missed: number
}

export const noEvents: Events = { entries: [], held: null, missed: 0 }

/** Events kept: what somebody reads in an evening. */
const mostEvents = 2000

/** They are followed anew; what is held stays. */
export function beginEvents({ held }: Events, entries: readonly EventEntry[]): Events {
  return { entries, held, missed: 0 }
}

/** After more have come. */
export function addEvents(events: Events, entries: readonly EventEntry[], missed: number): Events {
  return { ...events, entries: [...events.entries, ...entries].slice(-mostEvents), missed: events.missed + missed }
}

/** Have it stand still, or go on with what comes. */
export function toggleEvents(events: Events): Events {
  return { ...events, held: events.held ? null : events.entries }
}

/** Events that came since they are held. */
export function newerEvents({ entries, held }: Events): number {
  const last = held?.at(-1)
  if (!held) return 0
  return last ? entries.length - 1 - entries.findLastIndex(({ id }) => id === last.id) : entries.length
}
