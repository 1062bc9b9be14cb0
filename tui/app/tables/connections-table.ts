import { portOf } from '../../../shared/filter/addresses.ts'
import { amountField, placeField, wordField } from '../../../shared/filter/fields.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import type { Connection } from '../../../shared/protocol/methods.ts'
import type { UpDown } from '../chart/resample.ts'
import { numberColumn, textColumn, trafficColumns } from './columns.ts'
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

const ruleOf = ({ connection: { rule } }: ConnectionRow) => (rule === undefined ? none : String(rule))
const connectionOf = ({ connection }: ConnectionRow) => connection

export const connectionsTable: TableSpec<ConnectionRow> = {
  id: ({ connection }) => connection.id,
  fields: {
    user: wordField(({ connection }) => [connection.user ?? none]),
    command: wordField(({ connection }) => [connection.command ?? none]),
    src: placeField(({ connection }) => connection.client),
    dst: placeField(({ connection }) => connection.destination ?? ''),
    addr: placeField(({ connection }) => connection.address ?? ''),
    port: amountField('count', ({ connection }) => portOf(connection.destination ?? '')),
    id: wordField(({ connection }) => [connection.id]),
    rule: wordField((row) => [ruleOf(row)]),
    down: amountField('bytes', ({ connection }) => connection.down),
    up: amountField('bytes', ({ connection }) => connection.up),
    bytes: amountField('bytes', ({ connection }) => connection.down + connection.up),
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
    textColumn('id', 'Id', ({ connection }) => connection.id, {
      width: 10,
      extra: true,
      dispensable: 8,
      compare: (one, other) => compareIds(one.connection.id, other.connection.id),
    }),
    textColumn('command', 'Command', ({ connection }) => connection.command ?? none, { extra: true, width: 13 }),
    textColumn('user', 'User', ({ connection }) => connection.user ?? none, { widest: 16 }),
    textColumn('client', 'Client', ({ connection }) => connection.client),
    textColumn('destination', 'Destination', ({ connection }) => connection.destination ?? none),
    textColumn('address', 'Address', ({ connection }) => connection.address ?? none, { extra: true }),
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
    textColumn('rule', 'Rule', ruleOf, { extra: true, width: 5, dispensable: 0 }),
  ],
}
