import { csvLine } from '../../../shared/format/csv.ts'
import type { Column } from './columns.ts'

export const exportFormats = ['csv', 'json'] as const
export type ExportFormat = (typeof exportFormats)[number]

/**
 * Rows as a file has them, in these columns, by the columns' names: numbers in full and unscaled, in bytes, in milliseconds, or
 * in bytes a second. CSV as RFC 4180 has it, with a header, or an array of objects in JSON.
 */
export function exportText<Row>(
  columns: readonly Pick<Column<Row>, 'name' | 'value'>[],
  rows: readonly Row[],
  format: ExportFormat,
): string {
  const names = columns.map(({ name }) => name)
  const cells = (row: Row) => columns.map((column) => known(column.value(row)))
  if (format === 'csv')
    return [names, ...rows.map((row) => cells(row).map((cell) => cell ?? ''))]
      .map((line) => `${csvLine(line)}\r\n`)
      .join('')
  const objects = rows.map((row) => {
    const values = cells(row)
    return `  ${JSON.stringify(Object.fromEntries(names.map((name, at) => [name, values[at]])))}`
  })
  return `[\n${objects.join(',\n')}\n]\n`
}

/** There is no end where there is none, and no number where nothing was measured. */
function known(value: string | number): string | number | null {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value
}
