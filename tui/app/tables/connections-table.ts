import { whoIn } from '../../../shared/filter/access-fields.ts'
import { type ConnectionRow, watchedConnectionFields } from '../../../shared/filter/connection-fields.ts'
import { commandText } from '../../../shared/format/command-text.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import { numberColumn, placeColumn, textColumn, trafficColumns, wide } from './columns.ts'
import { compareIds, type TableSpec } from './table-spec.ts'

/** What stands where there is nothing: no login, nothing asked for yet. */
const none = '-'

const ruleOf = ({ connection: { rule } }: ConnectionRow) => (rule === undefined ? none : String(rule))
/** What it waits for at the moment, or what it is in. */
const stateOf = ({ connection: { state, paced } }: ConnectionRow) => (paced && state === 'open' ? 'paced' : state)
const connectionOf = ({ connection }: ConnectionRow) => connection

export const connectionsTable: TableSpec<ConnectionRow> = {
  id: ({ connection }) => connection.id,
  fields: watchedConnectionFields,
  alert: ({ connection }) => (connection.paced ? 'warning' : null),
  columns: [
    textColumn('id', 'Id', ({ connection }) => connection.id, {
      width: 10,
      from: wide,
      dispensable: 2,
      compare: (one, other) => compareIds(one.connection.id, other.connection.id),
    }),
    textColumn('user', 'User', ({ connection }) => whoIn(connection), { width: 8, widest: 20 }),
    placeColumn('client', 'Client', ({ connection }) => connection.client, { width: 15, widest: 26, dispensable: 8 }),
    placeColumn('destination', 'Destination', ({ connection }) => connection.destination ?? none, {
      width: 22,
      widest: 64,
    }),
    placeColumn('address', 'Address', ({ connection }) => connection.address ?? none, {
      width: 21,
      widest: 47,
      from: wide,
      dispensable: 1,
    }),
    textColumn('command', 'Command', ({ connection: { command, protocol } }) => commandText(command, protocol), {
      width: 9,
      widest: 13,
      from: 100,
      dispensable: 6,
    }),
    textColumn('state', 'State', stateOf, {
      width: 11,
      from: 140,
      dispensable: 4,
      tone: ({ connection: { state, paced } }) => (paced ? 'warning' : state === 'open' ? null : 'dim'),
    }),
    textColumn('paced', 'Paced by', ({ connection }) => connection.paced ?? none, {
      width: 9,
      from: 140,
      dispensable: 2,
      tone: ({ connection }) => (connection.paced ? 'warning' : 'dim'),
    }),
    ...trafficColumns<ConnectionRow>(({ rate }) => rate, connectionOf, { rates: 9, totals: 5 }),
    numberColumn('age', 'Age', 6, ({ age }) => age, formatDuration, {
      greatestFirst: false,
      dispensable: 7,
      // Ages are taken by a clock that may be a little off, and then some would be alike.
      compare: (one, other) => other.connection.opened - one.connection.opened,
    }),
    numberColumn('idle', 'Idle', 6, ({ idle }) => idle, formatDuration, { dispensable: 3 }),
    textColumn('rule', 'Rule', ruleOf, { width: 5, from: wide, dispensable: 0 }),
  ],
}
