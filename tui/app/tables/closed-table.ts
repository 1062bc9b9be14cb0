import { formatDuration, formatTime } from '../../../shared/format/time.ts'
import type { ClosedConnection } from '../../../shared/protocol/methods.ts'
import { wordFor } from '../store/endings.ts'
import { numberColumn, textColumn, totalColumns } from './columns.ts'
import { whoColumns, whoFields } from './connections-table.ts'
import { amountField, wordField } from './fields.ts'
import type { TableSpec } from './table.ts'

const itself = (connection: ClosedConnection) => connection
const lastedOf = ({ opened, ended }: ClosedConnection) => ended - opened
const { id, command, user, client, destination, address } = whoColumns(itself)

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
    id,
    command,
    user,
    client,
    destination,
    address,
    ...totalColumns(itself, 2),
    numberColumn('lasted', 'Lasted', 6, lastedOf, formatDuration, { dispensable: 3 }),
  ],
}
