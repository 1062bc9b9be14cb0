import type { ListPage, Page } from '../store/state.ts'
import { tables } from '../tables/tables.ts'
import { type Binding, keyLabel, keyTable } from './key-table.ts'

/** The help for a page: all of its keys, and the role that one takes. */
export function helpLines(page: Page): readonly string[] {
  const bindings: readonly Binding[] = keyTable[page]
  const keys = bindings.map(
    ({ keys, summary, role }) =>
      ` ${keys.map(keyLabel).join(', ').padEnd(16)} ${summary}${role === undefined ? '' : ` (${role})`}`,
  )
  return page === 'overview' ? keys : [...keys, ...filterHelp(page)]
}

function filterHelp(page: ListPage): string[] {
  const fields = Object.keys(tables[page].fields).map((field) => `${field}:`)
  return [
    '',
    ' A filter is made of words; rows that match them all are shown, regardless of case:',
    '   text         anywhere in the row          ~pattern     a regular expression',
    `   ${`${fields[0]}text`.padEnd(12)} in one field                 !word        rows that do not match it`,
    ` Fields: ${fields.join(' ')}`,
  ]
}
