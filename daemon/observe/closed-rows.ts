import { type ClosedConnection, endReasons } from '../../shared/protocol/methods.ts'
import { closedCapacity, type SessionTable } from '../engine/session-table.ts'
import { type Naming, readRow } from './read-row.ts'

interface ClosedRow {
  readonly table: SessionTable
  readonly row: number
  readonly serial: number
  readonly ended: number
}

/** The sessions that ended last, newest first, at most `limit`: those that the tables remember. */
export function readClosed(tables: readonly SessionTable[], limit: number, naming: Naming): ClosedConnection[] {
  return tables
    .flatMap(closedRows)
    .sort((a, b) => b.ended - a.ended || b.serial - a.serial)
    .slice(0, limit)
    .flatMap((closed) => readClosedRow(closed, naming) ?? [])
}

/** Numbers only: most of these rows are not asked for, and text is what costs. */
function closedRows(table: SessionTable): ClosedRow[] {
  const rows: ClosedRow[] = []
  for (let row = table.capacity; row < table.capacity + closedCapacity; row++) {
    const serial = table.serial[row]
    if (serial !== 0) rows.push({ table, row, serial, ended: table.closed[row] })
  }
  return rows
}

/** Undefined if the row has been given to another session since. */
function readClosedRow({ table, row, serial, ended }: ClosedRow, naming: Naming): ClosedConnection | undefined {
  const connection = readRow(table, row, naming)
  const reason = endReasons[table.reason[row]]
  return connection && table.serial[row] === serial ? { ...connection, ended, reason } : undefined
}
