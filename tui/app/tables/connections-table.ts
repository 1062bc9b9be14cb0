import { formatDuration } from '../../../shared/format/time.ts'
import type { Connection } from '../../../shared/protocol/methods.ts'
import type { UpDown } from '../store/traffic.ts'
import { numberColumn, textColumn, trafficColumns } from './columns.ts'
import type { TableSpec } from './table.ts'

export interface ConnectionRow {
  readonly connection: Connection
  /** Bytes a second. */
  readonly rate: UpDown
}

/** What stands where there is nothing: no login, nothing asked for yet. */
const none = '-'

const userOf = ({ connection }: ConnectionRow) => connection.user ?? none
const clientOf = ({ connection }: ConnectionRow) => connection.client
const destinationOf = ({ connection }: ConnectionRow) => connection.destination ?? none
const stateOf = ({ connection }: ConnectionRow) => connection.state

export const connectionsTable: TableSpec<ConnectionRow> = {
  id: ({ connection }) => connection.id,
  fields: { user: userOf, src: clientOf, dst: destinationOf, state: stateOf },
  columns: [
    textColumn('user', 'User', userOf, { widest: 16 }),
    textColumn('client', 'Client', clientOf),
    textColumn('destination', 'Destination', destinationOf),
    textColumn('state', 'State', stateOf, { dispensable: 1, width: 11 }),
    ...trafficColumns<ConnectionRow>(
      ({ rate }) => rate,
      ({ connection }) => connection,
      { rates: 4, totals: 2 },
    ),
    numberColumn(
      'age',
      'Age',
      6,
      ({ connection }) => -connection.opened,
      (negated, { now }) => formatDuration(now + negated),
      { greatestFirst: false, dispensable: 3 },
    ),
  ],
}
