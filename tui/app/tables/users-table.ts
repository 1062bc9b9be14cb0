import { formatTime } from '../../../shared/format/time.ts'
import { sparkline } from '../chart/bars.ts'
import { pastKept, type UserRow } from '../state/users.ts'
import { numberColumn, textColumn, trafficColumns } from './columns.ts'
import { amountField, textField, wordField } from './fields.ts'
import type { TableSpec } from './table-spec.ts'

const sum = (past: readonly number[]) => past.reduce((total, rate) => total + rate, 0)
const nameOf = ({ user }: UserRow) => user.name
const stateOf = ({ user }: UserRow) => (user.enabled ? 'enabled' : 'disabled')
const lastsOf = ({ user }: UserRow) => (user.stored ? 'stored' : 'this run')

export const usersTable: TableSpec<UserRow> = {
  id: nameOf,
  fields: {
    user: wordField((row) => [nameOf(row)]),
    state: wordField((row) => [stateOf(row)]),
    lasts: textField(lastsOf),
    connections: amountField('count', ({ user }) => user.connections),
    rate: amountField('bytes', ({ rate }) => rate.down + rate.up),
    'down-rate': amountField('bytes', ({ rate }) => rate.down),
    'up-rate': amountField('bytes', ({ rate }) => rate.up),
    down: amountField('bytes', ({ user }) => user.down),
    up: amountField('bytes', ({ user }) => user.up),
  },
  columns: [
    textColumn('name', 'User', nameOf, { widest: 24 }),
    textColumn('state', 'State', stateOf, { width: 8, dispensable: 6 }),
    textColumn('lasts', 'Lasts', lastsOf, { width: 8, dispensable: 2 }),
    numberColumn('connections', 'Conns', 6, ({ user }) => user.connections, String, { dispensable: 5 }),
    ...trafficColumns<UserRow>(
      ({ rate }) => rate,
      ({ user }) => user,
      { rates: 4, totals: 3 },
    ),
    {
      name: 'past',
      header: 'Last minute',
      align: 'right',
      width: pastKept,
      greatestFirst: true,
      dispensable: 1,
      cell: ({ past }, { unicode }) => sparkline(past, unicode),
      compare: (one, other) => sum(one.past) - sum(other.past),
    },
    numberColumn('created', 'Created', 20, ({ user }) => user.created, formatTime, { dispensable: 0 }),
  ],
}
