import { endReasons, type Sample } from '../../shared/protocol/methods.ts'
import { Reason, type SessionTable } from '../engine/session-table.ts'

/** The sessions that have ended, all loops together. */
export function countEndings(tables: readonly SessionTable[]): Pick<Sample, 'ended' | 'failed' | 'denied'> {
  const counts = endReasons.map((_, reason) => tables.reduce((sum, table) => sum + table.ended[reason], 0))
  return {
    failed: counts.slice(0, Reason.failed + 1).reduce((sum, count) => sum + count),
    denied: counts[Reason.denied],
    ended: Object.fromEntries(endReasons.map((reason, i) => [reason, counts[i]]).filter(([, count]) => count !== 0)),
  }
}
