import { formatTime } from '../../../shared/format/time.ts'
import type { User } from '../../../shared/protocol/methods.ts'
import type { UpDown } from '../store/traffic.ts'
import { numberColumn, textColumn, trafficColumns } from './columns.ts'
import type { TableSpec } from './table.ts'

export interface UserRow {
  readonly user: User
  /** Bytes a second. */
  readonly rate: UpDown
}

const nameOf = ({ user }: UserRow) => user.name
const stateOf = ({ user }: UserRow) => (user.enabled ? 'enabled' : 'disabled')
const lastsOf = ({ user }: UserRow) => (user.stored ? 'stored' : 'this run')

export const usersTable: TableSpec<UserRow> = {
  id: nameOf,
  fields: { user: nameOf, state: stateOf, lasts: lastsOf },
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
    numberColumn('created', 'Created', 20, ({ user }) => user.created, formatTime, { dispensable: 1 }),
  ],
}
