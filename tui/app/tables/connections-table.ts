import { whoIn } from '../../../shared/filter/access-fields.ts'
import { type ConnectionRow, watchedConnectionFields } from '../../../shared/filter/connection-fields.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import { numberColumn, textColumn, trafficColumns } from './columns.ts'
import { compareIds, type TableSpec } from './table-spec.ts'

/** What stands where there is nothing: no login, nothing asked for yet. */
const none = '-'

const ruleOf = ({ connection: { rule } }: ConnectionRow) => (rule === undefined ? none : String(rule))
const connectionOf = ({ connection }: ConnectionRow) => connection

export const connectionsTable: TableSpec<ConnectionRow> = {
  id: ({ connection }) => connection.id,
  fields: watchedConnectionFields,
  columns: [
    textColumn('id', 'Id', ({ connection }) => connection.id, {
      width: 10,
      extra: true,
      dispensable: 8,
      compare: (one, other) => compareIds(one.connection.id, other.connection.id),
    }),
    textColumn('command', 'Command', ({ connection }) => connection.command ?? none, { extra: true, width: 13 }),
    textColumn('user', 'User', ({ connection }) => whoIn(connection), { widest: 16 }),
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
