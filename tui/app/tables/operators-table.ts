import { formatTime } from '../../../shared/format/time.ts'
import { type Operator, roles } from '../../../shared/protocol/methods.ts'
import { numberColumn, textColumn } from './columns.ts'
import { textField, wordField } from './fields.ts'
import type { TableSpec } from './table.ts'

const nameOf = ({ name }: Operator) => name
const roleOf = ({ role }: Operator) => role
const strength = ({ role }: Operator) => roles.indexOf(role)

export const operatorsTable: TableSpec<Operator> = {
  id: nameOf,
  fields: { name: textField(nameOf), role: wordField((row) => [roleOf(row)]) },
  columns: [
    textColumn('name', 'Operator', nameOf),
    textColumn('role', 'Role', roleOf, { width: 8, compare: (one, other) => strength(one) - strength(other) }),
    numberColumn('sessions', 'Sessions', 9, ({ sessions }) => sessions, String),
    numberColumn('created', 'Created', 20, ({ created }) => created, formatTime),
  ],
}
