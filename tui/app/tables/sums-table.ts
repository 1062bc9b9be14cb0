import { whoIn } from '../../../shared/filter/access-fields.ts'
import { hostOf } from '../../../shared/filter/addresses.ts'
import type { ConnectionRow } from '../../../shared/filter/connection-fields.ts'
import { amountField, textField } from '../../../shared/filter/fields.ts'
import { fieldWord } from '../../../shared/filter/filter.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import type { UpDown } from '../chart/resample.ts'
import type { Grouping } from '../state/pages.ts'
import { fadeZero, numberColumn, placeColumn, trafficColumns } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

/** Connections that have something in common, and their sums. */
export interface Sum {
  /** The user, the host that they come from or go to; `-`: none. */
  readonly of: string
  /** The filter that shows these very connections. */
  readonly filter: string
  readonly ids: readonly string[]
  /** Bytes a second, and bytes. */
  readonly rate: UpDown
  readonly total: UpDown
  /** How many wait for a rate. */
  readonly paced: number
  /** Milliseconds since the first of them was opened. */
  readonly age: number
}

const keyOf: Readonly<Record<Grouping, (row: ConnectionRow) => string>> = {
  user: ({ connection }) => whoIn(connection),
  source: ({ connection }) => hostOf(connection.client),
  destination: ({ connection }) => (connection.destination === null ? '-' : hostOf(connection.destination)),
}

const fieldOf = { user: 'user', source: 'src', destination: 'dst' } as const satisfies Record<Grouping, string>

/** The sums of connections by what they have in common. */
export function sumUp(rows: readonly ConnectionRow[], grouping: Grouping): Sum[] {
  const sums = new Map<string, { ids: string[]; rate: UpDown; total: UpDown; paced: number; age: number }>()
  for (const row of rows) {
    const key = keyOf[grouping](row)
    const { connection, rate, age } = row
    const before = sums.get(key) ?? { ids: [], rate: nothing, total: nothing, paced: 0, age: 0 }
    before.ids.push(connection.id)
    sums.set(key, {
      ids: before.ids,
      rate: add(before.rate, rate),
      total: add(before.total, connection),
      paced: before.paced + Number(connection.paced !== undefined),
      age: Math.max(before.age, age),
    })
  }
  // A filter knows what was not asked for yet as nothing.
  const filterOf = (of: string) =>
    grouping === 'destination' && of === '-' ? 'dst:~^$' : fieldWord(fieldOf[grouping], of)
  return [...sums].map(([of, sum]) => ({ of, filter: filterOf(of), ...sum }))
}

const nothing: UpDown = { up: 0, down: 0 }

function add(one: UpDown, other: UpDown): UpDown {
  return { up: one.up + other.up, down: one.down + other.down }
}

const countOf = ({ ids }: Sum) => ids.length

/** Live connections, summed up. */
export const sumsTable: TableSpec<Sum> = {
  id: ({ of }) => of,
  fields: {
    name: textField(({ of }) => of),
    connections: amountField('count', countOf),
    rate: amountField('bytes', ({ rate }) => rate.down + rate.up),
    down: amountField('bytes', ({ total }) => total.down),
    up: amountField('bytes', ({ total }) => total.up),
  },
  alert: ({ paced }) => (paced > 0 ? 'warning' : null),
  columns: [
    placeColumn('of', 'Of', ({ of }) => of, { width: 20, widest: 64 }),
    numberColumn('connections', 'Conns', 7, countOf, String),
    ...trafficColumns<Sum>(
      ({ rate }) => rate,
      ({ total }) => total,
      { rates: 4, totals: 2 },
    ),
    numberColumn('paced', 'Paced', 6, ({ paced }) => paced, String, {
      dispensable: 1,
      tone: fadeZero(({ paced }) => paced),
    }),
    numberColumn('age', 'Oldest', 7, ({ age }) => age, formatDuration, { dispensable: 3 }),
  ],
}
