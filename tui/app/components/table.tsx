import { Text } from 'ink'
import type { ReactElement } from 'react'
import { firstShown } from '../layout.ts'
import type { View } from '../store/view.ts'
import type { Format } from '../tables/columns.ts'
import { layOut, placeColumns } from '../tables/layout.ts'
import type { Sort, TableSpec } from '../tables/table.ts'
import type { Style } from '../themes/theme.ts'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'

interface TableProps<Row> {
  readonly spec: TableSpec<Row>
  readonly view: View<Row>
  readonly sort: Sort
  readonly format: Format
  readonly width: number
  /** Rows on the screen, the column headers included. */
  readonly height: number
  /** What is shown is old. */
  readonly dim: boolean
  /** How a row looks. */
  style?(row: Row): Style
}

/** A table that shows the rows around the cursor; only those are drawn. */
export function Table<Row>({ spec, view, sort, format, width, height, dim, style }: TableProps<Row>): ReactElement {
  const look = useLook()
  const placed = placeColumns(spec.columns, view.rows, format, width - marker.length, sort.column)
  const first = firstShown(view.cursor, height - 1, view.rows.length)
  const arrow = sort.descending ? look.descending : look.ascending
  const header = layOut(placed, ({ name, header }) => (name === sort.column ? header + arrow : header), look.ellipsis)
  return (
    <>
      <Line text={noMarker + header} width={width} {...look.theme.columns} />
      {view.rows.slice(first, first + height - 1).map((row, at) => {
        const selected = first + at === view.cursor
        const cells = layOut(placed, (column) => column.cell(row, format), look.ellipsis)
        return (
          <Text
            key={spec.id(row)}
            wrap="truncate"
            {...(dim ? look.theme.dim : style?.(row))}
            {...(selected ? look.theme.selected : {})}
          >
            {(selected ? marker : noMarker) + cells}
          </Text>
        )
      })}
    </>
  )
}

/** The selected row is marked by more than its colors. */
const marker = '>'
const noMarker = ' '
