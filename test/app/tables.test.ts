import { describe, expect, test } from 'vitest'
import { layOut, layOutRuns, placeColumns, tableMargin } from '../../tui/app/tables/column-widths.ts'
import { type Format, numberColumn, placeColumn, textColumn } from '../../tui/app/tables/columns.ts'
import { connectionsTable } from '../../tui/app/tables/connections-table.ts'
import { columnsShown, nextSort, sortRows, type TableSpec } from '../../tui/app/tables/table-spec.ts'
import { tables } from '../../tui/app/tables/tables.ts'

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
    textColumn('user', 'User', ({ user }) => user, { width: 6, widest: 10 }),
    placeColumn('place', 'Place', ({ place }) => place, { width: 12, widest: 30 }),
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
  const columns = [...table.columns, textColumn<Row>('id', 'Id', ({ id }) => id, { width: 4, from: 180 })]
  const shown = (names: readonly string[] | null, width = 80) =>
    columnsShown(columns, names, width).map(({ name }) => name)

  test('that nobody asked for are not shown, and those that were chosen keep their order', () => {
    expect(shown(null)).toEqual(['user', 'place', 'bytes', 'more'])
    expect(shown(null, 200)).toEqual(['user', 'place', 'bytes', 'more', 'id'])
    expect(shown(['id', 'bytes', 'user', 'no such column'])).toEqual(['user', 'bytes', 'id'])
  })
})

describe('layout', () => {
  const widths = (width: number, kept?: string) =>
    placeColumns(table.columns, width, kept).map(({ column, width: columns }) => [column.name, columns])

  test('what is left over is shared by those that can use it, in proportion to how much that is', () => {
    expect(widths(48)).toEqual([
      ['user', 8],
      ['place', 21],
      ['bytes', 8],
      ['more', 8],
    ])
  })

  test('what none can use goes between the columns, and a line is as wide as asked or a little less', () => {
    const gaps = (width: number) => placeColumns(table.columns, width).map(({ gap }) => gap)
    expect(gaps(59)).toEqual([0, 1, 1, 1])
    expect(gaps(65)).toEqual([0, 3, 3, 3])
    expect(gaps(200)).toEqual([0, 4, 4, 4])
    for (const [width, taken] of [
      [48, 48],
      [59, 59],
      [63, 62],
      [200, 68],
    ] as const) {
      expect(layOut(placeColumns(table.columns, width), ({ header }) => header, '…')).toHaveLength(taken)
    }
  })

  test('the least wanted go first, but not the one that is kept; those of one rank go together', () => {
    expect(widths(36).map(([name]) => name)).toEqual(['user', 'place', 'more'])
    expect(widths(36, 'bytes').map(([name]) => name)).toEqual(['user', 'place', 'bytes'])
    expect(widths(27).map(([name]) => name)).toEqual(['user', 'place'])
    const pair = table.columns.map((column) => (column.name === 'more' ? { ...column, dispensable: 1 } : column))
    expect(placeColumns(pair, 36).map(({ column }) => column.name)).toEqual(['user', 'place'])
    expect(placeColumns(pair, 37).map(({ column }) => column.name)).toEqual(['user', 'place', 'bytes', 'more'])
  })

  test('a narrow one that is less wanted comes where a wider one has no room', () => {
    const columns = [
      ...table.columns,
      numberColumn<Row>('few', 'Few', 3, ({ bytes }) => bytes, String, { dispensable: 0 }),
    ]
    expect(placeColumns(columns, 32).map(({ column }) => column.name)).toEqual(['user', 'place', 'more', 'few'])
  })

  test('where even those that always stay have no room, the widest is cut', () => {
    expect(widths(15)).toEqual([
      ['user', 6],
      ['place', 8],
    ])
    expect(widths(1)).toEqual([
      ['user', 1],
      ['place', 1],
    ])
  })

  test('no row changes what is shown: a place is cut in its middle, a name at its end', () => {
    const placed = placeColumns(table.columns, 48)
    const long = row('1', 'u'.repeat(255), `${'d'.repeat(255)}.example:443`, 7)
    const line = layOutRuns(placed, long, format, '…')
      .map(({ text }) => text)
      .join('')
    expect(line).toBe('uuuuuuu… dddddddddd…xample:443        7        7')
  })

  test.each([60, 72, 80, 100, 120, 160, 200, 240])('every table fits into %i columns, and names stay', (width) => {
    for (const { columns } of Object.values(tables)) {
      const placed = placeColumns<never>(columnsShown(columns, null, width), width - tableMargin)
      const taken = placed.reduce((sum, one) => sum + one.gap + one.width, 0)
      expect(taken).toBeLessThanOrEqual(width - tableMargin)
      for (const { column, width } of placed) expect(width).toBeGreaterThanOrEqual(column.width)
    }
  })

  test('of connections, 60 columns show whose, where to and how fast, and 100 what was asked for', () => {
    const names = (width: number) =>
      placeColumns(columnsShown(connectionsTable.columns, null, width), width - tableMargin, 'age').map(
        ({ column }) => column.name,
      )
    expect(names(60)).toEqual(['user', 'destination', 'down-rate', 'up-rate', 'age'])
    expect(names(80)).toEqual(['user', 'client', 'destination', 'down-rate', 'up-rate', 'age'])
    expect(names(100)).toContain('command')
    expect(names(240)).toEqual(connectionsTable.columns.map(({ name }) => name))
  })
})
