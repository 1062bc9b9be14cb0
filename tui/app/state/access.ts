import { destinationOf } from '../../../shared/filter/access-fields.ts'
import type { AccessEntry, ClosedConnection, Connection } from '../../../shared/protocol/methods.ts'

/** The access log as far as it was followed. */
export interface Access {
  /** In the order in which they came, those from before first; the newest ones. */
  readonly entries: readonly AccessEntry[]
  /** What is shown while the person has it stand still; null: what comes is shown. */
  readonly held: readonly AccessEntry[] | null
  /** Entries that we were too slow for. */
  readonly missed: number
}

export const noAccess: Access = { entries: [], held: null, missed: 0 }

/** Entries kept: as many as end in two looks at the screen when 10,000 do so a second. */
const mostEntries = 5000

/** Tells an entry from all others. */
export function entryId({ id, event, ts }: AccessEntry): string {
  return `${id} ${event} ${ts}`
}

/** The connection that an entry tells of, as it was then. */
export function connectionOf(entry: AccessEntry): Connection | ClosedConnection {
  const { id, user, tried, cmd, protocol, source, address, port, ts, duration, up, down, rule, reason } = entry
  const connection: Connection = {
    id,
    state: reason === null || entry.result === 'ok' ? 'open' : 'closing',
    user,
    ...(tried !== undefined && { tried }),
    command: cmd,
    ...(protocol !== undefined && { protocol }),
    client: source ?? '-',
    destination: destinationOf(entry) || null,
    address: address === null ? null : destinationOf({ name: null, address, port }),
    opened: ts - duration,
    up,
    down,
    ...(rule !== undefined && { rule }),
  }
  return reason === null ? connection : { ...connection, ended: ts, reason }
}

/** After more have come. */
export function addAccess(access: Access, entries: readonly AccessEntry[], missed: number): Access {
  return { ...access, entries: [...access.entries, ...entries].slice(-mostEntries), missed: access.missed + missed }
}

/** After some from before were found, the newest first; of them some may have been told already as they came. */
export function addEarlier(access: Access, found: readonly AccessEntry[]): Access {
  const known = new Set(access.entries.map(entryId))
  const earlier = found.filter((entry) => !known.has(entryId(entry))).toReversed()
  return { ...access, entries: [...earlier, ...access.entries].slice(-mostEntries) }
}

/** Have it stand still, or go on with what comes. */
export function toggleHold(access: Access): Access {
  return { ...access, held: access.held ? null : access.entries }
}
