import { nameOfUsage } from '../../../shared/commands/usage-verbs.ts'
import { amountField, textField } from '../../../shared/filter/fields.ts'
import type { UsageRow } from '../../../shared/protocol/methods.ts'
import { bytesColumn, numberColumn, textColumn, totalColumns } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

const movedOf = ({ up, down }: UsageRow) => up + down

/** What users moved in a period. */
export const usageTable: TableSpec<UsageRow> = {
  id: (row) => `${row.gone ?? false} ${row.user ?? ''}`,
  fields: {
    user: textField(nameOfUsage),
    moved: amountField('bytes', movedOf),
    connections: amountField('count', ({ connections }) => connections),
  },
  columns: [
    textColumn('user', 'User', nameOfUsage, { width: 16, widest: 40 }),
    bytesColumn('moved', 'Moved', movedOf),
    ...totalColumns((row: UsageRow) => row, 1),
    numberColumn('connections', 'Connections', 12, ({ connections }) => connections, String, { dispensable: 0 }),
  ],
}
