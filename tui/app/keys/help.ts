import { filterHelp } from '../../../shared/filter/fields.ts'
import type { Dialog, Help } from '../state/dialogs.ts'
import { isOver } from '../state/followed.ts'
import { isMini } from '../state/layout.ts'
import { listPage } from '../state/pages.ts'
import { lackToSee } from '../state/rights.ts'
import type { State } from '../state/state.ts'
import { tables } from '../tables/tables.ts'
import { breakLines, columnsOf } from '../text/fit.ts'
import { type Binding, keyLabel, lackToPress, roleFor } from './binding.ts'
import { everywhere, type KeyContext, keyTable } from './key-table.ts'
import { has } from './needs.ts'

/** Where the next key is pressed. */
export function contextOf(state: State): KeyContext {
  if (isMini(state)) return 'mini'
  if (state.dialog) return contextOfDialog(state.dialog)
  if (state.command.field) return 'command'
  const page = listPage(state)
  return page && state.lists[page].typing ? 'filter' : (page ?? state.page)
}

function contextOfDialog(dialog: Dialog): KeyContext {
  if (dialog.kind === 'help' && dialog.isTyped) return 'find'
  if (dialog.kind === 'menu' && dialog.naming) return 'naming'
  return dialog.kind === 'result' && dialog.secrets !== undefined ? 'secrets' : dialog.kind
}

/** What the help that is open explains: where it was asked for. */
function helpContext(state: State): KeyContext {
  const { dialog } = state
  return contextOf(dialog?.kind === 'help' ? { ...state, dialog: dialog.behind ?? null } : state)
}

const common: readonly Binding[] = everywhere

/** A key and the word for what it does, on the bottom line. */
interface Hint {
  readonly key: string
  /** The key as it is written, which the text begins with. */
  readonly label: string
  readonly text: string
  /** The terminal column where it begins. */
  readonly from: number
}

/** The keys that matter here, that the person may use, and that do something now. */
export function hintsOf(state: State): Hint[] {
  const bindings: readonly Binding[] = keyTable[contextOf(state)]
  // What is on a page that is not theirs to see is none of their keys' business.
  const reach = state.dialog || lackToSee(state) === null ? bindings : bindings.filter((one) => common.includes(one))
  return hintsFor(
    reach.filter((binding) => lackToPress(state, binding) === null && actsNow(state, binding)),
    state.size.columns,
  )
}

/** Whether there is what it acts on; not so where it would cut the connection that is shown closely, which is over. */
function actsNow(state: State, { verb, needs }: Binding): boolean {
  const { dialog, followed } = state
  if (dialog?.kind === 'detail' && verb === 'cut' && followed !== null && isOver(followed)) return false
  return needs === undefined || has(state, needs)
}

/** As many hints as fit into `width` columns, and always the last two; where there is room, those for wide screens, too. */
export function hintsFor(bindings: readonly Binding[], width: number): Hint[] {
  const all = bindings.flatMap(({ keys: [key = ''], hint, wide }) => {
    const word = hint ?? wide
    return word ? [{ key, label: keyLabel(key), text: `${keyLabel(key)} ${word}`, waits: hint === undefined }] : []
  })
  let shown = all.filter(({ waits }) => !waits)
  while (shown.length > 2 && columnsOfAll(shown) > width) shown.splice(-3, 1)
  for (const one of all) {
    if (!one.waits) continue
    const more = all.filter((other) => other === one || shown.includes(other))
    if (columnsOfAll(more) > width) break
    shown = more
  }
  let from = 1
  return shown.map(({ key, label, text }) => {
    const placed = { key, label, text, from }
    from += columnsOf(text) + gap
    return placed
  })
}

/** Terminal columns of the hints on one line, with the margin before them. */
function columnsOfAll(hints: readonly Pick<Hint, 'text'>[]): number {
  return hints.reduce((sum, { text }) => sum + columnsOf(text) + gap, 1 - gap)
}

/** Spaces between two hints. */
const gap = 2

/**
 * The help for a page or dialog: its keys, and the role that one takes, but none that a read-only session leaves without use;
 * for a page, what is typed into, too.
 */
export function helpLines(context: KeyContext, readOnly = false): readonly string[] {
  return [...keysOf(context, readOnly), ...typingLines(context), ...filterLines(context)]
}

/** How a filter is written, on a page that has one. */
function filterLines(context: KeyContext): string[] {
  return isList(context) && isPage(context) ? filterHelp(tables[context].fields) : []
}

/** The keys of what is typed into on a page, where `?` is a letter. */
function typingLines(context: KeyContext): string[] {
  if (!isPage(context)) return []
  return Object.entries(fields).flatMap(([field, where]) =>
    field === 'filter' && !isList(context) ? [] : ['', ` ${where}:`, ...keysOf(field as keyof typeof fields, false)],
  )
}

/** Terminal columns from which on the help has two columns. */
const columnsForTwo = 100

/** Terminal columns of one column of the help. */
export function helpColumns({ columns }: State['size']): number {
  return columns < columnsForTwo ? columns : Math.floor(columns / 2)
}

/** The lines of the help that is open, as far as they have what is looked for: in a wide terminal keys at the left, what is typed at the right. */
export function helpShown({ size, ...state }: State, { find }: Pick<Help, 'find'>): readonly string[] {
  const wanted = find.text.toLowerCase()
  const context = helpContext({ ...state, size })
  const matching = (lines: readonly string[]) => lines.filter((line) => line.toLowerCase().includes(wanted))
  if (size.columns < columnsForTwo) return matching(helpLines(context, state.readOnly))
  const half = helpColumns(size)
  const wrapped = (lines: readonly string[]) => matching(lines).flatMap((line) => wrapLine(line, half - 2))
  const left = wrapped(keysOf(context, state.readOnly))
  const right = wrapped([...filterLines(context), ...typingLines(context)]).filter((line, at) => at > 0 || line !== '')
  const rows = Math.max(left.length, right.length)
  return Array.from({ length: rows }, (_, at) => {
    const one = left[at] ?? ''
    return `${one}${' '.repeat(half - columnsOf(one))}${right[at] ?? ''}`.trimEnd()
  })
}

function wrapLine(line: string, width: number): string[] {
  const [first = '', ...others] = breakLines(line, width)
  if (others.length === 0) return [first]
  // They go on below the explanation, which stands behind two spaces or more, or below the line itself.
  const indent = ' '.repeat(/^ *\S.*? {2,}|^ */.exec(line)?.[0].length ?? 0)
  return [first, ...breakLines(others.join(' '), width - indent.length).map((rest) => indent + rest)]
}

/** Where `?` is a letter, so that the page's help tells of them. */
const fields = {
  filter: 'While a filter is typed',
  command: 'While a command is typed',
  palette: 'While something to do is looked for',
  form: 'In a form',
} as const satisfies Partial<Record<KeyContext, string>>

/** Terminal columns of keys at least, so that most explanations stand below each other, and below those of a filter. */
const leastKeyColumns = 15

function keysOf(context: KeyContext, readOnly: boolean): string[] {
  const all: readonly Binding[] = keyTable[context]
  const bindings = all.filter((binding) => lackToPress({ role: null, readOnly }, binding) === null)
  const width = Math.max(leastKeyColumns, ...bindings.map((binding) => keysIn(binding).length))
  return bindings.map((binding) => {
    const role = roleFor(binding)
    return ` ${keysIn(binding).padEnd(width)}  ${binding.summary}${role === undefined ? '' : ` (${role})`}`
  })
}

function keysIn({ keys }: Binding): string {
  return keys.map(keyLabel).join(', ')
}

function isList(context: KeyContext): context is keyof typeof tables {
  return Object.hasOwn(tables, context)
}

/** A page has all that is the same everywhere. */
function isPage(context: KeyContext): boolean {
  const bindings: readonly Binding[] = keyTable[context]
  return bindings.some(({ command }) => command === 'nextPage')
}
