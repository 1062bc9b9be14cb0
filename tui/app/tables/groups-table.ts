import { groupFields, groupLimits } from '../../../shared/filter/management-fields.ts'
import type { Group } from '../../../shared/protocol/methods.ts'
import { numberColumn, textColumn } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

const nameOf = ({ name }: Group) => name

export const groupsTable: TableSpec<Group> = {
  id: nameOf,
  fields: groupFields,
  columns: [
    textColumn('name', 'Group', nameOf, { width: 12, widest: 32 }),
    numberColumn('members', 'Members', 8, ({ members }) => members, String),
    textColumn('limits', 'What its members have, where they have nothing of their own', groupLimits, {
      width: 30,
      widest: 200,
    }),
  ],
}
