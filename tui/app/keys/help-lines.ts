import { filterHelp } from '../tables/filter-help.ts'
import { tables } from '../tables/tables.ts'
import { type Binding, type KeyContext, keyLabel, keyTable } from './key-table.ts'

/** The help for a page or dialog: all of its keys, and the role that one takes; for a page, what is typed into, too. */
export function helpLines(context: KeyContext): readonly string[] {
  const keys = keysOf(context)
  if (!isPage(context)) return keys
  const typing = Object.entries(fields).flatMap(([field, where]) =>
    field === 'filter' && !isList(context) ? [] : ['', ` ${where}:`, ...keysOf(field as keyof typeof fields)],
  )
  return isList(context) ? [...keys, ...typing, ...filterHelp(tables[context].fields)] : [...keys, ...typing]
}

/** Where `?` is a letter, so that the page's help tells of them. */
const fields = {
  filter: 'While a filter is typed',
  command: 'While a command is typed',
  palette: 'While something to do is looked for',
  form: 'In a form',
} as const satisfies Partial<Record<KeyContext, string>>

function keysOf(context: KeyContext): string[] {
  const bindings: readonly Binding[] = keyTable[context]
  return bindings.map(
    ({ keys, summary, role }) =>
      ` ${keys.map(keyLabel).join(', ').padEnd(16)} ${summary}${role === undefined ? '' : ` (${role})`}`,
  )
}

function isList(context: KeyContext): context is keyof typeof tables {
  return Object.hasOwn(tables, context)
}

/** A page has all that is the same everywhere. */
function isPage(context: KeyContext): boolean {
  const bindings: readonly Binding[] = keyTable[context]
  return bindings.some(({ command }) => command === 'nextPage')
}
