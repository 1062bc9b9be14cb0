import { formatDuration } from '../../../shared/format/time.ts'
import type { Connection } from '../../../shared/protocol/methods.ts'
import type { UpDown } from '../store/traffic.ts'
import { numberColumn, textColumn, trafficColumns } from './columns.ts'
import { amountField, type Fields, placeField, wordField } from './fields.ts'
import { portOf } from './places.ts'
import { compareIds, type TableSpec } from './table.ts'

export interface ConnectionRow {
  readonly connection: Connection
  /** Bytes a second. */
  readonly rate: UpDown
  /** Milliseconds since it was opened, and since it moved a byte, as far as that was seen. */
  readonly age: number
  readonly idle: number
}

/** Milliseconds without a byte after which an open connection is idle to a filter. */
const quiet = 5000

/** What stands where there is nothing: no login, nothing asked for yet. */
const none = '-'

/** What the live and the ended connections have in common. */
type Who = Pick<Connection, 'id' | 'user' | 'command' | 'client' | 'destination' | 'address' | 'up' | 'down'>

/** Columns that tell which connection it is. */
export function whoColumns<Row>(of: (row: Row) => Who) {
  return {
    id: textColumn<Row>('id', 'Id', (row) => of(row).id, {
      width: 10,
      extra: true,
      dispensable: 8,
      compare: (one, other) => compareIds(of(one).id, of(other).id),
    }),
    command: textColumn<Row>('command', 'Command', (row) => of(row).command ?? none, { extra: true, width: 13 }),
    user: textColumn<Row>('user', 'User', (row) => of(row).user ?? none, { widest: 16 }),
    client: textColumn<Row>('client', 'Client', (row) => of(row).client),
    destination: textColumn<Row>('destination', 'Destination', (row) => of(row).destination ?? none),
    address: textColumn<Row>('address', 'Address', (row) => of(row).address ?? none, { extra: true }),
  }
}

/** What a filter can ask about which connection it is, and how much it moved. */
export function whoFields<Row>(of: (row: Row) => Who) {
  return {
    user: wordField((row) => [of(row).user ?? none]),
    command: wordField((row) => [of(row).command ?? none]),
    src: placeField((row) => of(row).client),
    dst: placeField((row) => of(row).destination ?? ''),
    addr: placeField((row) => of(row).address ?? ''),
    port: amountField('count', (row) => portOf(of(row).destination ?? '')),
    id: wordField((row) => [of(row).id]),
    down: amountField('bytes', (row) => of(row).down),
    up: amountField('bytes', (row) => of(row).up),
    bytes: amountField('bytes', (row) => of(row).down + of(row).up),
  } satisfies Fields<Row>
}

const connectionOf = ({ connection }: ConnectionRow) => connection
const { id, command, user, client, destination, address } = whoColumns(connectionOf)

export const connectionsTable: TableSpec<ConnectionRow> = {
  id: ({ connection }) => connection.id,
  fields: {
    ...whoFields(connectionOf),
    state: wordField(({ connection: { state }, idle }) =>
      state === 'open' && idle >= quiet ? [state, 'idle'] : [state],
    ),
    rate: amountField('bytes', ({ rate }) => rate.down + rate.up),
    'down-rate': amountField('bytes', ({ rate }) => rate.down),
    'up-rate': amountField('bytes', ({ rate }) => rate.up),
    age: amountField('time', ({ age }) => age),
    idle: amountField('time', ({ idle }) => idle),
  },
  columns: [
    id,
    command,
    user,
    client,
    destination,
    address,
    textColumn('state', 'State', ({ connection }) => connection.state, { dispensable: 2, width: 11 }),
    ...trafficColumns<ConnectionRow>(({ rate }) => rate, connectionOf, { rates: 5, totals: 3 }),
    numberColumn('age', 'Age', 6, ({ age }) => age, formatDuration, {
      greatestFirst: false,
      dispensable: 4,
      // Ages are taken by a clock that may be a little off, and then some would be alike.
      compare: (one, other) => other.connection.opened - one.connection.opened,
    }),
    numberColumn('idle', 'Idle', 6, ({ idle }) => idle, formatDuration, { dispensable: 1 }),
  ],
}
