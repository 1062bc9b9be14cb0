import { portOf } from '../../../shared/filter/addresses.ts'
import { amountField, type Fields, placeField, wordField } from '../../../shared/filter/fields.ts'
import { formatDuration, formatTime } from '../../../shared/format/time.ts'
import type { ClosedConnection, Connection } from '../../../shared/protocol/methods.ts'
import type { UpDown } from '../chart/resample.ts'
import { wordFor } from '../state/endings.ts'
import { numberColumn, textColumn, totalColumns, trafficColumns } from './columns.ts'
import { compareIds, type TableSpec } from './table-spec.ts'

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
type Who = Pick<Connection, 'id' | 'user' | 'command' | 'client' | 'destination' | 'address' | 'up' | 'down' | 'rule'>

const ruleOf = ({ rule }: Who) => (rule === undefined ? none : String(rule))

/** Columns that tell which connection it is. */
function whoColumns<Row>(of: (row: Row) => Who) {
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
    rule: textColumn<Row>('rule', 'Rule', (row) => ruleOf(of(row)), { extra: true, width: 5, dispensable: 0 }),
    address: textColumn<Row>('address', 'Address', (row) => of(row).address ?? none, { extra: true }),
  }
}

/** What a filter can ask about which connection it is, and how much it moved. */
function whoFields<Row>(of: (row: Row) => Who) {
  return {
    user: wordField((row) => [of(row).user ?? none]),
    command: wordField((row) => [of(row).command ?? none]),
    src: placeField((row) => of(row).client),
    dst: placeField((row) => of(row).destination ?? ''),
    addr: placeField((row) => of(row).address ?? ''),
    port: amountField('count', (row) => portOf(of(row).destination ?? '')),
    id: wordField((row) => [of(row).id]),
    rule: wordField((row) => [ruleOf(of(row))]),
    down: amountField('bytes', (row) => of(row).down),
    up: amountField('bytes', (row) => of(row).up),
    bytes: amountField('bytes', (row) => of(row).down + of(row).up),
  } satisfies Fields<Row>
}

const connectionOf = ({ connection }: ConnectionRow) => connection
const { id, command, user, client, destination, address, rule } = whoColumns(connectionOf)

export const connectionsTable: TableSpec<ConnectionRow> = {
  id: ({ connection }) => connection.id,
  fields: {
    ...whoFields(connectionOf),
    state: wordField(({ connection: { state, paced }, idle }) => [
      state,
      ...(state === 'open' && idle >= quiet ? ['idle'] : []),
      ...(paced ? ['paced'] : []),
    ]),
    paced: wordField(({ connection }) => [connection.paced ?? none]),
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
    textColumn('paced', 'Paced by', ({ connection }) => connection.paced ?? '-', {
      dispensable: 6,
      width: 9,
      tells: ({ connection }) => connection.paced !== undefined,
      tone: ({ connection }) => (connection.paced ? 'warning' : null),
    }),
    ...trafficColumns<ConnectionRow>(({ rate }) => rate, connectionOf, { rates: 5, totals: 3 }),
    numberColumn('age', 'Age', 6, ({ age }) => age, formatDuration, {
      greatestFirst: false,
      dispensable: 4,
      // Ages are taken by a clock that may be a little off, and then some would be alike.
      compare: (one, other) => other.connection.opened - one.connection.opened,
    }),
    numberColumn('idle', 'Idle', 6, ({ idle }) => idle, formatDuration, { dispensable: 1 }),
    rule,
  ],
}

const itself = (connection: ClosedConnection) => connection
const lastedOf = ({ opened, ended }: ClosedConnection) => ended - opened
const who = whoColumns(itself)

/** The connections that ended last. */
export const closedTable: TableSpec<ClosedConnection> = {
  id: ({ id }) => id,
  fields: {
    ...whoFields(itself),
    reason: wordField(({ reason }) => [reason, wordFor(reason)]),
    state: wordField(({ state }) => [state]),
    lasted: amountField('time', lastedOf),
  },
  columns: [
    // Of the day nobody doubts: the daemon remembers the last ones only.
    textColumn('ended', 'Ended', ({ ended }) => formatTime(ended).slice(11, 19), {
      width: 8,
      greatestFirst: true,
      compare: (one, other) => one.ended - other.ended,
    }),
    textColumn('reason', 'Reason', ({ reason }) => wordFor(reason), { width: 14 }),
    who.id,
    who.command,
    who.user,
    who.client,
    who.destination,
    who.address,
    ...totalColumns(itself, 2),
    numberColumn('lasted', 'Lasted', 6, lastedOf, formatDuration, { dispensable: 3 }),
    who.rule,
  ],
}
