import { amountField, textField, wordField } from '../../../shared/filter/fields.ts'
import type { Watch } from '../../../shared/protocol/methods.ts'
import { fadeZero, numberColumn, textColumn, timeColumn } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

const nameOf = ({ name }: Watch) => name
const textOf = ({ text }: Watch) => text
const firingOf = ({ firing }: Watch) => firing.join(', ')

/** What the daemon looks out for. */
export const watchesTable: TableSpec<Watch> = {
  id: nameOf,
  fields: {
    name: wordField((watch) => [nameOf(watch)]),
    text: textField(textOf),
    firing: textField(firingOf),
    by: wordField(({ by }) => [by]),
    fired: amountField('count', ({ fired }) => fired),
  },
  alert: ({ firing }) => (firing.length > 0 ? 'warning' : null),
  columns: [
    textColumn('name', 'Watch', nameOf, { width: 12, widest: 32 }),
    textColumn('text', 'Looks out for', textOf, { width: 24, widest: 100 }),
    textColumn('firing', 'Firing for', (watch) => firingOf(watch) || '-', {
      width: 12,
      widest: 40,
      tone: ({ firing }) => (firing.length > 0 ? 'warning' : 'dim'),
    }),
    numberColumn('fired', 'Fired', 7, ({ fired }) => fired, String, { tone: fadeZero(({ fired }) => fired) }),
    textColumn('by', 'By', ({ by }) => by, { width: 8, widest: 24, dispensable: 2 }),
    timeColumn('created', 'Added', ({ created }) => created, { dispensable: 1 }),
  ],
}
