import { amountField, textField } from '../../../shared/filter/fields.ts'
import { formatLimit, isLimit } from '../../../shared/limits.ts'
import type { Group } from '../../../shared/protocol/methods.ts'
import { numberColumn, textColumn } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

const nameOf = ({ name }: Group) => name

/** `rate-down=10MB/s quota=50GB`: as a command would set them. */
function limitsOf({ limits }: Group): string {
  const texts = Object.entries(limits).map(([name, value]) =>
    isLimit(name) ? `${name}=${formatLimit(name, value)}` : name,
  )
  return texts.join('  ') || '-'
}

export const groupsTable: TableSpec<Group> = {
  id: nameOf,
  fields: {
    name: textField(nameOf),
    limits: textField(limitsOf),
    members: amountField('count', ({ members }) => members),
  },
  columns: [
    textColumn('name', 'Group', nameOf, { width: 12, widest: 32 }),
    numberColumn('members', 'Members', 8, ({ members }) => members, String),
    textColumn('limits', 'What its members have, where they have nothing of their own', limitsOf, {
      width: 30,
      widest: 200,
    }),
  ],
}
