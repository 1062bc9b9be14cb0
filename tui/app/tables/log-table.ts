import { formatTime } from '../../../shared/format/time.ts'
import type { LogEntry } from '../../../shared/protocol/methods.ts'
import { entryText } from '../store/log.ts'
import { textColumn } from './columns.ts'
import { textField, wordField } from './fields.ts'
import type { TableSpec } from './table.ts'

const levelOf = ({ level }: LogEntry) => level

export const logTable: TableSpec<LogEntry> = {
  id: ({ seq }) => String(seq),
  fields: { level: wordField((entry) => [levelOf(entry)]), text: textField(entryText) },
  columns: [
    // The day is in the detail.
    textColumn('time', 'UTC', ({ time }) => formatTime(time).slice(11, 19), {
      width: 8,
      compare: (one, other) => one.seq - other.seq,
    }),
    textColumn('level', 'Level', levelOf, { width: 5 }),
    textColumn('text', 'Message', entryText),
  ],
}
