import { endReasonWords } from '../../../shared/end-reasons.ts'
import { accessFields, destinationOf, whoIn } from '../../../shared/filter/access-fields.ts'
import { formatDuration, formatTime } from '../../../shared/format/time.ts'
import type { AccessEntry } from '../../../shared/protocol/methods.ts'
import { entryId } from '../state/access.ts'
import { numberColumn, textColumn, totalColumns } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

const none = '-'

/** What became of it: why it ended, or that it began or goes on. */
const whatOf = ({ event, reason }: AccessEntry) => (reason === null ? event : endReasonWords(reason))

/** What became of connections. */
export const accessTable: TableSpec<AccessEntry> = {
  id: entryId,
  fields: accessFields,
  columns: [
    textColumn('time', 'UTC', ({ ts }) => formatTime(ts).slice(11, 19), {
      width: 8,
      greatestFirst: true,
      compare: (one, other) => one.ts - other.ts,
    }),
    textColumn('day', 'Day', ({ ts }) => formatTime(ts).slice(0, 10), { width: 10, extra: true, dispensable: 9 }),
    textColumn('reason', 'Reason', whatOf, { width: 14, tone: ({ result }) => (result === 'ok' ? null : 'warning') }),
    textColumn('id', 'Id', ({ id }) => id, { width: 10, extra: true, dispensable: 8 }),
    textColumn('command', 'Command', ({ cmd }) => cmd ?? none, { extra: true, width: 13 }),
    textColumn('user', 'User', whoIn, { widest: 16 }),
    textColumn('client', 'Client', ({ source }) => source ?? none),
    textColumn('destination', 'Destination', (entry) => destinationOf(entry) || none),
    textColumn('address', 'Address', ({ address }) => address ?? none, { extra: true }),
    ...totalColumns<AccessEntry>((entry) => entry, 2),
    numberColumn('lasted', 'Lasted', 6, ({ duration }) => duration, formatDuration, { dispensable: 3 }),
    numberColumn(
      'connect',
      'Reached',
      8,
      ({ connect_ms }) => connect_ms ?? Number.NaN,
      (ms) => (Number.isNaN(ms) ? none : `${ms} ms`),
      {
        extra: true,
        dispensable: 1,
      },
    ),
    textColumn('rule', 'Rule', ({ rule }) => (rule === undefined ? none : String(rule)), {
      extra: true,
      width: 5,
      dispensable: 0,
    }),
  ],
}
