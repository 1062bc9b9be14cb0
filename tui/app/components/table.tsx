import type { ReactElement } from 'react'
import { firstShown } from '../state/layout.ts'
import type { Sort } from '../state/lists.ts'
import { greatestOf, layOut, layOutRuns, type Placed, placeColumns, tableMargin } from '../tables/column-widths.ts'
import type { Format } from '../tables/columns.ts'
import { columnsShown, type TableSpec } from '../tables/table-spec.ts'
import type { View } from '../tables/view.ts'
import { columnsOf, fitText } from '../text/fit.ts'
import type { Style } from '../themes/theme.ts'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'
import { Row } from './row.tsx'

interface TableProps<Row> {
  readonly spec: TableSpec<Row>
  readonly view: View<Row>
  readonly sort: Sort
  /** The names of the columns to be shown where there is room; those that are there at first unless told. */
  readonly columns?: readonly string[] | null
  /** The ids of rows that are marked. */
  readonly marked?: ReadonlySet<string>
  readonly format: Format
  readonly width: number
  /** Rows on the screen, the column headers included. */
  readonly height: number
  /** What is shown is old. */
  readonly dim: boolean
  /** How a row looks. */
  style?(row: Row): Style
}

/**
 * A table that shows the rows around the cursor; only those are drawn. The selected row, those that are marked and those that
 * must be seen are told by more than their colors.
 */
export function Table<Row>({ spec, view, sort, format, width, height, dim, ...rest }: TableProps<Row>): ReactElement {
  const look = useLook()
  const { columns = null, marked = none, style } = rest
  const placed = placeColumns(columnsShown(spec.columns, columns, width), width - tableMargin, sort.column)
  const first = firstShown(view.cursor, height - 1, view.rows.length)
  // 16 colours have none that is quiet enough to lie behind a number.
  const greatest = look.depth > 4 ? greatestOf(placed, view.rows) : undefined
  return (
    <>
      <TableHead placed={placed} sort={sort} width={width} />
      {view.rows.slice(first, first + height - 1).map((row, at) => {
        const id = spec.id(row)
        const selected = first + at === view.cursor
        const isMarked = marked.has(id)
        const alert = spec.alert?.(row) ?? null
        // The colours of a row that is selected, marked or old are that.
        const isPlain = dim || selected || isMarked
        const sign = { text: signOf(selected, isMarked, alert), tone: alert }
        const runs = [sign, ...layOutRuns(placed, row, format, look.ellipsis, greatest)]
        const text = () => fitText(runs.map(({ text }) => text).join(''), width, look.ellipsis)
        return (
          <Row
            // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place, and a daemon may give an id twice
            key={at}
            parts={
              isPlain
                ? [{ text: text() }]
                : runs.map(({ text, tone }) => ({ text, style: tone ? look.theme[tone] : undefined }))
            }
            style={{
              ...(dim ? look.theme.dim : style?.(row)),
              ...(isMarked && look.theme.marked),
              ...(selected && look.theme.selected),
            }}
          />
        )
      })}
    </>
  )
}

/** The headers, of which the one that the table is sorted by stands out. */
function TableHead<Row>({
  placed,
  sort,
  width,
}: {
  readonly placed: readonly Placed<Row>[]
  readonly sort: Sort
  readonly width: number
}): ReactElement {
  const { theme, ellipsis, ascending, descending } = useLook()
  const at = placed.findIndex(({ column }) => column.name === sort.column)
  const arrow = sort.descending ? descending : ascending
  const part = (some: readonly Placed<Row>[]) =>
    layOut(some, ({ name, header }) => (name === sort.column ? header + arrow : header), ellipsis)
  const [before, sorted, behind] = [placed.slice(0, at), placed.slice(at, at + 1), placed.slice(at + 1)].map(part)
  if (at < 0) return <Line text={' '.repeat(tableMargin) + part(placed)} width={width} {...theme.columns} />
  const rest = width - tableMargin - columnsOf(`${before}${sorted}`)
  return (
    <Row
      style={theme.columns}
      parts={[
        { text: ' '.repeat(tableMargin) + before },
        { text: sorted ?? '', style: theme.sorted },
        { text: fitText(behind ?? '', rest, ellipsis) },
      ]}
    />
  )
}

/** What stands before a row. */
function signOf(selected: boolean, isMarked: boolean, alert: 'warning' | 'bad' | null): string {
  if (selected) return isMarked ? '#' : '>'
  if (isMarked) return '*'
  return alert === null ? ' ' : alert === 'bad' ? '!' : '~'
}

const none: ReadonlySet<string> = new Set()
