import { eventKindWords } from '../../../shared/event-kinds.ts'
import { eventFields } from '../../../shared/filter/event-fields.ts'
import type { EventEntry } from '../../../shared/protocol/methods.ts'
import { clockColumn, dayColumn, numberColumn, placeColumn, textColumn, wide } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

/** How grave it is, for who sees no colours. */
const marks: Readonly<Record<string, string>> = { warn: '!', error: '!!' }

const timeOf = ({ time }: EventEntry) => time
const whatOf = ({ text, count }: EventEntry) => (count > 1 ? `${text} ×${count}` : text)

/** What happened. */
export const eventsTable: TableSpec<EventEntry> = {
  id: ({ id }) => id,
  fields: eventFields,
  columns: [
    clockColumn(timeOf, { greatestFirst: true }),
    dayColumn(timeOf, { dispensable: 1 }),
    textColumn('level', '!', ({ level }) => marks[level] ?? '', { width: 2 }),
    textColumn('event', 'Event', ({ kind }) => eventKindWords(kind), { width: 16 }),
    placeColumn('source', 'Source', ({ source }) => source ?? '-', { width: 15, widest: 43, dispensable: 4 }),
    textColumn('user', 'User', ({ user }) => user ?? '-', { width: 8, widest: 20, from: 140, dispensable: 3 }),
    placeColumn('destination', 'Destination', ({ destination }) => destination ?? '-', {
      width: 22,
      widest: 64,
      from: wide,
      dispensable: 2,
    }),
    textColumn('text', 'What', whatOf, { width: 26, widest: 200, cut: 'middle' }),
    numberColumn('count', 'Times', 6, ({ count }) => count, String, { from: wide, dispensable: 1 }),
  ],
}
