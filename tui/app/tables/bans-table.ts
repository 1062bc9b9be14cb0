import { banBy, banFields, banReason } from '../../../shared/filter/management-fields.ts'
import { formatDuration, formatTime, timeColumns } from '../../../shared/format/time.ts'
import type { Ban } from '../../../shared/protocol/methods.ts'
import { numberColumn, placeColumn, textColumn, timeColumn } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

const sourceOf = ({ source }: Ban) => source
const endOf = ({ until }: Ban) => until ?? Number.POSITIVE_INFINITY

/** The sources that are kept out. */
export const bansTable: TableSpec<Ban> = {
  id: sourceOf,
  fields: banFields,
  columns: [
    placeColumn('source', 'Source', sourceOf, { width: 17, widest: 47 }),
    textColumn('why', 'Why', banReason, { width: 18 }),
    textColumn('by', 'By', banBy, { width: 8, widest: 24, dispensable: 2 }),
    timeColumn('since', 'Since', ({ since }) => since, { dispensable: 1 }),
    numberColumn(
      'until',
      'Until',
      timeColumns,
      endOf,
      (until) => (until < Number.POSITIVE_INFINITY ? formatTime(until) : 'lifted'),
      {
        dispensable: 0,
      },
    ),
    numberColumn('left', 'Left', 7, endOf, (until, { now }) =>
      until < Number.POSITIVE_INFINITY ? formatDuration(until - now) : 'no end',
    ),
  ],
}
