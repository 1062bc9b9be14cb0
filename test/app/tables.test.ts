import { describe, expect, onTestFinished, test } from 'vitest'
import type { ConnectionRow } from '../../shared/filter/connection-fields.ts'
import { compileFilter } from '../../shared/filter/filter.ts'
import { showTimesIn } from '../../shared/format/time.ts'
import type { Binding } from '../../tui/app/keys/binding.ts'
import { keyTable } from '../../tui/app/keys/key-table.ts'
import { type ListState, listBy, reduceList } from '../../tui/app/state/lists.ts'
import { groupings, type ListPage } from '../../tui/app/state/pages.ts'
import { stateAt } from '../../tui/app/state/state.ts'
import { layOut, layOutRuns, placeColumns, tableMargin } from '../../tui/app/tables/column-widths.ts'
import {
  clockColumn,
  dayColumn,
  type Format,
  numberColumn,
  placeColumn,
  textColumn,
} from '../../tui/app/tables/columns.ts'
import { connectionsTable } from '../../tui/app/tables/connections-table.ts'
import { exportText } from '../../tui/app/tables/export.ts'
import { menuItems } from '../../tui/app/tables/menus.ts'
import { sumUp } from '../../tui/app/tables/sums-table.ts'
import { columnsShown, sortRows, type TableSpec } from '../../tui/app/tables/table-spec.ts'
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

describe('what a table can be sorted and filtered by', () => {
  const state = stateAt(['here'])
  const pages = Object.keys(tables) as ListPage[]

  test.each(pages)('of %s each column has a key of its own, and every named filter makes sense', (page) => {
    for (const about of ['sort', 'filters', 'groups'] as const) {
      const keys = menuItems(state, { about, page }).map(({ key }) => key)
      expect(new Set(keys).size).toBe(keys.length)
      const bound: readonly Binding[] = keyTable.menu
      for (const key of keys) expect(bound.flatMap((binding) => binding.keys)).not.toContain(key)
    }
    for (const { value } of menuItems(state, { about: 'filters', page }))
      expect(compileFilter(tables[page], value).problem).toBeNull()
  })

  test('is by the first letter of a column, small, else capital', () => {
    const items = menuItems(state, { about: 'sort', page: 'connections' })
    expect(items.filter(({ title }) => /^[DU]/.test(title)).map(({ key, title }) => key + title)).toEqual([
      'uUser',
      'dDestination',
      'DDown/s',
      'UUp/s',
      'oDown',
      'bUp',
    ])
  })

  test('a filter kept under a name takes the place of the one that had it, and 20 are kept', () => {
    const keep = (list: ListState, name: string) => reduceList(list, { do: 'keepAs', name })
    const list = { ...listBy('age'), filter: 'user:bob' }
    expect(keep(keep(list, ' mine '), 'mine').own).toEqual([{ name: 'mine', filter: 'user:bob' }])
    const many = Array.from({ length: 25 }, (_, n) => `n${n}`).reduce(keep, list)
    expect(many.own.map(({ name }) => name)).toEqual(Array.from({ length: 20 }, (_, n) => `n${n + 5}`))
    expect(reduceList(many, { do: 'drop', name: 'n5' }).own).toHaveLength(19)
  })
})

describe('sums of connections', () => {
  const of = (n: number, user: string | null, destination: string | null, down: number): ConnectionRow => ({
    connection: {
      id: `c${n}`,
      state: 'open',
      user,
      command: 'connect',
      client: '[2001:db8::1]:4000',
      destination,
      address: null,
      opened: 0,
      up: 1,
      down: 10,
      ...(n === 1 && { paced: 'user' as const }),
    },
    rate: { up: 0, down },
    age: n,
    idle: 0,
  })
  const rows = [of(1, 'bob', 'a.example:443', 5), of(2, null, 'a.example:80', 7), of(3, 'bob', null, 0)]

  test('are of those that have a user, a host they come from or a host they go to in common', () => {
    expect(sumUp(rows, 'user')).toEqual([
      {
        of: 'bob',
        filter: 'user:bob',
        ids: ['c1', 'c3'],
        rate: { up: 0, down: 5 },
        total: { up: 2, down: 20 },
        paced: 1,
        age: 3,
      },
      {
        of: '-',
        filter: 'user:-',
        ids: ['c2'],
        rate: { up: 0, down: 7 },
        total: { up: 1, down: 10 },
        paced: 0,
        age: 2,
      },
    ])
    expect(sumUp(rows, 'source').map(({ of, ids }) => [of, ids.length])).toEqual([['2001:db8::1', 3]])
    expect(sumUp(rows, 'destination').map(({ of, ids }) => [of, ids.length])).toEqual([
      ['a.example', 2],
      ['-', 1],
    ])
  })

  test('the filter of a sum shows its connections and no others', () => {
    for (const grouping of groupings) {
      for (const { filter, ids } of sumUp(rows, grouping)) {
        const { matches } = compileFilter(connectionsTable, filter)
        expect(rows.filter((row) => matches?.(row)).map(({ connection }) => connection.id)).toEqual(ids)
      }
    }
  })
})

test('a file has texts whole, numbers unscaled, no formula and nothing for what is not known', () => {
  const columns = [...table.columns, numberColumn<Row>('end', 'End', 4, () => Number.POSITIVE_INFINITY, String)]
  const rows = [row('1', '=cmd()', 'a,"b"', 1536), row('2', '\u001b[2J')]
  expect(exportText(columns, rows, 'csv')).toBe(
    'user,place,bytes,more,end\r\n"\'=cmd()","a,""b""",1536,1536,\r\n\u001b[2J,example.com:443,0,0,\r\n',
  )
  expect(JSON.parse(exportText(columns, rows, 'json'))).toEqual([
    { user: '=cmd()', place: 'a,"b"', bytes: 1536, more: 1536, end: null },
    { user: '\u001b[2J', place: 'example.com:443', bytes: 0, more: 0, end: null },
  ])
})

test('times are of the zone that the header names, and of UTC in a file', () => {
  showTimesIn('Asia/Kolkata')
  onTestFinished(() => showTimesIn('UTC'))
  const columns = [clockColumn<Row>(({ bytes }) => bytes), dayColumn<Row>(({ bytes }) => bytes)]
  const late = row('1', 'bob', 'example.com:443', Date.UTC(2026, 6, 1, 20))
  expect(columns.map(({ header }) => header)).toEqual(['IST', 'Day'])
  expect(columns.map((column) => column.cell(late, format, column.width))).toEqual(['01:30:00', '2026-07-02'])
  expect(exportText(columns, [late], 'csv')).toBe('time,day\r\n2026-07-01T20:00:00Z,2026-07-01\r\n')
})
