import { endReasonWords } from '../../../shared/end-reasons.ts'
import { accessFields, destinationOf, whoIn } from '../../../shared/filter/access-fields.ts'
import { commandText } from '../../../shared/format/command-text.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import type { AccessEntry } from '../../../shared/protocol/methods.ts'
import { entryId } from '../state/access.ts'
import { toneOf } from '../state/endings.ts'
import { clockColumn, dayColumn, numberColumn, placeColumn, textColumn, totalColumns, wide } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

const none = '-'

const timeOf = ({ ts }: AccessEntry) => ts

/** What became of it: why it ended, or that it began or goes on. */
const whatOf = ({ event, reason }: AccessEntry) => (reason === null ? event : endReasonWords(reason))

/** What has gone wrong has a mark, what is refused, too; what merely goes on has none. */
const alertOf = ({ result }: AccessEntry) => (result === 'ok' ? null : 'bad')

/** What became of connections. */
export const accessTable: TableSpec<AccessEntry> = {
  id: entryId,
  fields: accessFields,
  alert: alertOf,
  columns: [
    clockColumn(timeOf, { greatestFirst: true }),
    dayColumn(timeOf, { dispensable: 2 }),
    textColumn('reason', 'Reason', whatOf, { width: 14, widest: 16, tone: ({ reason }) => toneOf(reason) }),
    textColumn('id', 'Id', ({ id }) => id, { width: 10, from: wide, dispensable: 1 }),
    textColumn('user', 'User', whoIn, { width: 8, widest: 20 }),
    placeColumn('client', 'Client', ({ source }) => source ?? none, { width: 15, widest: 26, dispensable: 7 }),
    placeColumn('destination', 'Destination', (entry) => destinationOf(entry) || none, { width: 22, widest: 64 }),
    placeColumn('address', 'Address', ({ address }) => address ?? none, {
      width: 21,
      widest: 47,
      from: wide,
      dispensable: 1,
    }),
    textColumn('command', 'Command', ({ cmd, protocol }) => commandText(cmd, protocol), {
      width: 9,
      widest: 13,
      from: 100,
      dispensable: 5,
    }),
    ...totalColumns<AccessEntry>((entry) => entry, 4),
    numberColumn('lasted', 'Lasted', 7, ({ duration }) => duration, formatDuration, { dispensable: 6 }),
    numberColumn(
      'connect',
      'Reached',
      8,
      ({ connect_ms }) => connect_ms ?? Number.NaN,
      (ms) => (Number.isNaN(ms) ? none : `${ms} ms`),
      { from: 140, dispensable: 3 },
    ),
    textColumn('rule', 'Rule', ({ rule }) => (rule === undefined ? none : String(rule)), {
      width: 5,
      from: wide,
      dispensable: 0,
    }),
  ],
}
