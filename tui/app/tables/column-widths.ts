import { columnsOf, fitText } from '../text/fit.ts'
import type { Role } from '../themes/theme.ts'
import type { Column, Format } from './columns.ts'

/** A column that is shown, and how wide. */
interface Placed<Row> {
  readonly column: Column<Row>
  readonly width: number
}

/** A column of texts is never cut below this. */
const narrowest = 8
/** An IPv6 address with brackets and port is whole in this: no longer text may push other columns out. */
const widest = 47

/**
 * The columns that fit into `width` with a space between them. Those that tell nothing here go, then dispensable ones, but for
 * the one named `kept`, before any text is cut; then the widest text is cut; what is left over goes to the last column of texts.
 */
export function placeColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  format: Format,
  width: number,
  kept?: string,
): Placed<Row>[] {
  const telling = columns.filter(({ name, tells }) => !tells || name === kept || rows.some(tells))
  let placed: Placed<Row>[] = telling.map((column) => ({ column, width: naturalWidth(column, rows, format) }))
  while (excess(placed, width) > 0) {
    const spare = lowest(placed.filter(({ column }) => column.name !== kept))
    if (!spare) break
    placed = placed.filter(({ column }) => column !== spare)
  }
  while (excess(placed, width) > 0) {
    const longest = Math.max(...placed.map(({ column, width }) => (isText(column) ? width : 0)))
    if (longest <= narrowest) break
    placed = resize(placed, ({ column, width }) => isText(column) && width === longest, -1)
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

/** A part of a row that means one thing; null: nothing in particular. */
interface Run {
  readonly text: string
  readonly tone: Role | null
}

/** A row's cells in their columns, parted where what they mean changes. */
export function layOutRuns<Row>(placed: readonly Placed<Row>[], row: Row, format: Format, ellipsis: string): Run[] {
  const runs: Run[] = []
  for (const { column, width } of placed) {
    const tone = column.tone?.(row, format) ?? null
    const last = runs.at(-1)
    const cell = fitText(column.cell(row, format), width, ellipsis, column.align)
    if (last?.tone === tone) runs.splice(-1, 1, { tone, text: `${last.text} ${cell}` })
    else runs.push({ tone, text: last ? ` ${cell}` : cell })
  }
  return runs
}

/** Widths of columns of texts, by the rows that they are for: while only the cursor moves, no cell is measured again. */
const measured = new WeakMap<readonly unknown[], Map<unknown, number>>()

function naturalWidth<Row>(column: Column<Row>, rows: readonly Row[], format: Format): number {
  if (column.width) return column.width
  const widths = measured.get(rows) ?? new Map<unknown, number>()
  measured.set(rows, widths)
  const width = widths.get(column) ?? measure(column, rows, format)
  widths.set(column, width)
  return width
}

function measure<Row>(column: Column<Row>, rows: readonly Row[], format: Format): number {
  // Room for an arrow behind the header.
  const least = column.header.length + 1
  const longest = rows.reduce((most, row) => Math.max(most, columnsOf(column.cell(row, format))), least)
  return Math.min(longest, column.widest ?? widest)
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
