import { settingText } from '../../../shared/commands/setting-verbs.ts'
import type { Setting } from '../../../shared/protocol/methods.ts'
import { textColumn } from './columns.ts'
import { textField, wordField } from './fields.ts'
import type { TableSpec } from './table.ts'

const nameOf = ({ name }: Setting) => name
const sourceOf = ({ source }: Setting) => source
const actsOf = ({ runtime }: Setting) => (runtime ? 'at once' : 'restart')

export const settingsTable: TableSpec<Setting> = {
  id: nameOf,
  fields: {
    name: textField(nameOf),
    value: textField((row) => settingText(row.value, row)),
    source: wordField((row) => [sourceOf(row)]),
    acts: textField(actsOf),
  },
  columns: [
    textColumn('name', 'Setting', nameOf, { widest: 24 }),
    textColumn('value', 'Value', (row) => settingText(row.value, row)),
    textColumn('source', 'Source', sourceOf, { width: 7 }),
    textColumn('acts', 'Acts', actsOf, { width: 7 }),
  ],
}
