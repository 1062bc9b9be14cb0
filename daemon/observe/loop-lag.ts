import type { SessionTable } from '../engine/session-table.ts'
import { TurnRecord } from '../engine/shared/turn-record.ts'

/** Each loop's longest turn of the last ten seconds, in milliseconds. Only of tables that a loop of their own writes. */
export function loopLags(tables: readonly SessionTable[], now = performance.now()): number[] {
  return tables.map(({ turns }) => new TurnRecord(turns).longest(now))
}
