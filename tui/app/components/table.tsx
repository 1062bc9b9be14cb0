import { Text } from 'ink'
import type { ReactElement } from 'react'
import { firstShown } from '../state/layout.ts'
import type { Sort } from '../state/lists.ts'
import { layOut, layOutRuns, placeColumns } from '../tables/column-widths.ts'
import type { Format } from '../tables/columns.ts'
import { columnsShown, type TableSpec } from '../tables/table-spec.ts'
import type { View } from '../tables/view.ts'
import type { Style } from '../themes/theme.ts'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'

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
 * A table that shows the rows around the cursor; only those are drawn. The selected row and those that are marked are told
 * by more than their colors.
 */
export function Table<Row>({ spec, view, sort, format, width, height, dim, ...rest }: TableProps<Row>): ReactElement {
  const look = useLook()
  const { columns = null, marked = none, style } = rest
  const margin = marked.size > 0 ? 2 : 1
  const shown = columnsShown(spec.columns, columns, width)
  const placed = placeColumns(shown, view.rows, format, width - margin, sort.column)
  const first = firstShown(view.cursor, height - 1, view.rows.length)
  const arrow = sort.descending ? look.descending : look.ascending
  const header = layOut(placed, ({ name, header }) => (name === sort.column ? header + arrow : header), look.ellipsis)
  return (
    <>
      <Line text={' '.repeat(margin) + header} width={width} {...look.theme.columns} />
      {view.rows.slice(first, first + height - 1).map((row, at) => {
        const id = spec.id(row)
        const selected = first + at === view.cursor
        const isMarked = marked.has(id)
        // The colours of a row that is selected, marked or old are that.
        const isPlain = dim || selected || isMarked
        const runs = layOutRuns(placed, row, format, look.ellipsis)
        return (
          <Text
            key={id}
            wrap="truncate"
            {...(dim ? look.theme.dim : style?.(row))}
            {...(isMarked ? look.theme.marked : {})}
            {...(selected ? look.theme.selected : {})}
          >
            {(selected ? '>' : ' ') + (isMarked ? '*' : '').padEnd(margin - 1)}
            {isPlain || runs.every(({ tone }) => tone === null)
              ? runs.map(({ text }) => text).join('')
              : runs.map(({ text, tone }, part) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a part of a row is nothing but its place
                  <Text key={part} {...(tone ? look.theme[tone] : {})}>
                    {text}
                  </Text>
                ))}
          </Text>
        )
      })}
    </>
  )
}

const none: ReadonlySet<string> = new Set()
