import type { Page } from '../store/state.ts'
import { type Binding, keyLabel, keyTable } from './key-table.ts'

const filterHelp = [
  '',
  ' A filter is made of words; rows that match them all are shown, regardless of case:',
  '   text         anywhere in the row          ~pattern     a regular expression',
  '   user:text    in the user                  dst:~pattern the same, in one field',
  '   src:text     in the client                !word        rows that do not match it',
  '   dst:text     in the destination           state:text   in the state',
]

/** The help for a page: all of its keys, and the role that one takes. */
export function helpLines(page: Page): readonly string[] {
  const bindings: readonly Binding[] = keyTable[page]
  const keys = bindings.map(
    ({ keys, summary, role }) =>
      ` ${keys.map(keyLabel).join(', ').padEnd(16)} ${summary}${role === undefined ? '' : ` (${role})`}`,
  )
  return page === 'overview' ? keys : [...keys, ...filterHelp]
}
