import type { SQLInputValue, StatementSync } from 'node:sqlite'

/**
 * All rows of a statement. Node refuses them all where one has an integer that a number cannot hold, of which none is ours: from a row
 * that was damaged it comes as the nearest that a number can hold.
 */
export function rowsOf<Row>(statement: StatementSync, values: Record<string, SQLInputValue> = {}): Row[] {
  statement.setReadBigInts(true)
  const rows = statement.all(values) as Record<string, unknown>[]
  for (const row of rows) for (const name in row) row[name] = numberOf(row[name])
  return rows as Row[]
}

function numberOf(value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)))
}
