import { describe, expect, test } from 'vitest'
import { layOut, placeColumns } from '../../tui/app/tables/column-widths.ts'
import { type Column, type Format, numberColumn, textColumn } from '../../tui/app/tables/columns.ts'
import { columnsShown, nextSort, sortRows, type TableSpec } from '../../tui/app/tables/table-spec.ts'

interface Row {
  readonly id: string
  readonly user: string
  readonly place: string
  readonly bytes: number
}

const row = (id: string, user = 'bob', place = 'example.com:443', bytes = 0): Row => ({ id, user, place, bytes })

const table: TableSpec<Row> = {
  id: ({ id }) => id,
  fields: {},
  columns: [
    textColumn('user', 'User', ({ user }) => user, { widest: 10 }),
    textColumn('place', 'Place', ({ place }) => place),
    numberColumn('bytes', 'Bytes', 8, ({ bytes }) => bytes, String, { dispensable: 1 }),
    numberColumn('more', 'More', 8, ({ bytes }) => bytes, String, { dispensable: 2 }),
  ],
}
const format: Format = { now: 0, rateUnit: 'bytes', unicode: true, text: (outside) => outside }

describe('sorting', () => {
  const rows = [row('10', 'b', 'x', 1), row('9', 'a', 'x', 2), row('2', 'b', 'x', 3)]
  const order = (column: string, descending: boolean) =>
    sortRows(table, rows, { column, descending }).map(({ id }) => id)

  test('goes both ways, and equal rows stay in the order of their ids', () => {
    expect(order('user', false)).toEqual(['9', '2', '10'])
    expect(order('user', true)).toEqual(['2', '10', '9'])
    expect(order('bytes', true)).toEqual(['2', '9', '10'])
    expect(order('place', false)).toEqual(['2', '9', '10'])
    expect(order('place', true)).toEqual(['2', '9', '10'])
  })

  test('the next column begins in its natural direction, after the last comes the first', () => {
    expect(nextSort(table.columns, { column: 'place', descending: false })).toEqual({
      column: 'bytes',
      descending: true,
    })
    expect(nextSort(table.columns, { column: 'more', descending: true })).toEqual({ column: 'user', descending: false })
  })
})

describe('columns', () => {
  const columns = [...table.columns, textColumn<Row>('id', 'Id', ({ id }) => id, { extra: true })]
  const shown = (names: readonly string[] | null, width = 80) =>
    columnsShown(columns, names, width).map(({ name }) => name)

  test('that nobody asked for are not shown, and those that were chosen keep their order', () => {
    expect(shown(null)).toEqual(['user', 'place', 'bytes', 'more'])
    expect(shown(null, 200)).toEqual(['user', 'place', 'bytes', 'more', 'id'])
    expect(shown(['id', 'bytes', 'user', 'no such column'])).toEqual(['user', 'bytes', 'id'])
  })
})

describe('layout', () => {
  const names = (width: number, rows: readonly Row[], kept?: string) =>
    placeColumns(table.columns, rows, format, width, kept).map(({ column, width: columns }) => [column.name, columns])
  const rows = [row('1', 'bob', 'example.com:443')]

  test('what is left over goes to the last text, and a line is exactly as wide as asked', () => {
    expect(names(60, rows)).toEqual([
      ['user', 5],
      ['place', 36],
      ['bytes', 8],
      ['more', 8],
    ])
    const placed = placeColumns(table.columns, rows, format, 60)
    expect(layOut(placed, (column: Column<Row>) => column.header, '…')).toHaveLength(60)
  })

  test('columns go before text is cut, the least wanted first, but not the one that is kept', () => {
    expect(names(30, rows)).toEqual([
      ['user', 5],
      ['place', 15],
      ['more', 8],
    ])
    expect(names(30, rows, 'bytes')).toEqual([
      ['user', 5],
      ['place', 15],
      ['bytes', 8],
    ])
    expect(names(21, rows)).toEqual([
      ['user', 5],
      ['place', 15],
    ])
  })

  test('then the widest text is cut', () => {
    expect(names(20, rows)).toEqual([
      ['user', 5],
      ['place', 14],
    ])
    expect(names(19, [row('1', 'a-long-name', 'example.com:443')])).toEqual([
      ['user', 9],
      ['place', 9],
    ])
  })

  test('no text pushes the other columns out', () => {
    expect(names(80, [row('1', 'u'.repeat(255), 'd'.repeat(255))])).toEqual([
      ['user', 10],
      ['place', 51],
      ['bytes', 8],
      ['more', 8],
    ])
  })
})
