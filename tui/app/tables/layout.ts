import { columnsOf, fitText } from '../text.ts'
import type { Column, Format } from './columns.ts'

/** A column that is shown, and how wide. */
export interface Placed<Row> {
  readonly column: Column<Row>
  readonly width: number
}

/** A column of texts is never cut below this. */
const narrowest = 8

/**
 * The columns that fit into `width` with a space between them. Dispensable ones, but for the one named `kept`, are left
 * out before any text is cut; then the widest text is cut; what is left over goes to the last column of texts.
 */
export function placeColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  format: Format,
  width: number,
  kept?: string,
): Placed<Row>[] {
  let placed: Placed<Row>[] = columns.map((column) => ({ column, width: naturalWidth(column, rows, format) }))
  while (excess(placed, width) > 0) {
    const spare = lowest(placed.filter(({ column }) => column.name !== kept))
    if (!spare) break
    placed = placed.filter(({ column }) => column !== spare)
  }
  while (excess(placed, width) > 0) {
    const widest = Math.max(...placed.map(({ column, width }) => (isText(column) ? width : 0)))
    if (widest <= narrowest) break
    placed = resize(placed, ({ column, width }) => isText(column) && width === widest, -1)
  }
  return resize(placed, ({ column }) => isText(column), Math.max(0, -excess(placed, width)))
}

/** A row's cells in their columns. */
export function layOut<Row>(
  placed: readonly Placed<Row>[],
  cell: (column: Column<Row>) => string,
  ellipsis: string,
): string {
  return placed.map(({ column, width }) => fitText(cell(column), width, ellipsis, column.align)).join(' ')
}

/** Room for an arrow behind the header. */
function naturalWidth<Row>(column: Column<Row>, rows: readonly Row[], format: Format): number {
  if (column.width) return column.width
  return rows.reduce((width, row) => Math.max(width, columnsOf(column.cell(row, format))), column.header.length + 1)
}

function isText<Row>(column: Column<Row>): boolean {
  return column.width === undefined && column.dispensable === undefined
}

function excess<Row>(placed: readonly Placed<Row>[], width: number): number {
  return placed.reduce((sum, { width }) => sum + width + 1, -1) - width
}

/** The first to go; of equals the last. */
function lowest<Row>(placed: readonly Placed<Row>[]): Column<Row> | undefined {
  const rank = ({ column }: Placed<Row>) => column.dispensable ?? Number.POSITIVE_INFINITY
  const least = Math.min(...placed.map(rank))
  return placed.findLast((one) => rank(one) === least && least < Number.POSITIVE_INFINITY)?.column
}

/** Change the width of the last column that fits the description. */
function resize<Row>(placed: readonly Placed<Row>[], which: (one: Placed<Row>) => boolean, by: number): Placed<Row>[] {
  const last = placed.findLast(which)
  return placed.map((one) => (one === last ? { ...one, width: one.width + by } : one))
}
