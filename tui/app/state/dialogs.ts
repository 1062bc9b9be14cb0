import type { Call, Question } from '../../../shared/commands/verb.ts'
import type { Range } from '../../../shared/protocol/methods.ts'
import { editField, emptyField, type TextField } from '../text/edit.ts'
import { type Form, type FormEvent, reduceForm } from './forms.ts'
import type { ListPage } from './pages.ts'

/** What lies over the page and takes the keys. */
export type Dialog = Overlay | Popup | Panel

/** What takes the place of the page. */
export type Overlay =
  | Help
  /** A connection, followed by its id. */
  | { readonly kind: 'detail'; readonly id: string }
  /** A user, followed by their name, with a graph this far back. */
  | { readonly kind: 'user'; readonly name: string; readonly range: Range }
  /** What has been said, newest first. */
  | { readonly kind: 'messages'; readonly scroll: number }
  /** What has been done, newest first; `chosen` counts from there. */
  | { readonly kind: 'commands'; readonly chosen: number; readonly count: number }
  /** All that can be done here, as far as it matches what is typed. */
  | Palette
  | Result

/** What lies over a part of the page. */
export type Popup = ColumnsChoice | Menu

/** What lies below the page, or below the overlay that it was opened from, which comes back. */
export type Panel = { readonly behind?: Overlay } /** An entry of the log or of the audit. */ & (
  | { readonly kind: 'entry'; readonly heading: string; readonly text: string }
  | Confirmation
  | Choice
  | Form
  /** A password, shown this once. */
  | { readonly kind: 'secret'; readonly user: string; readonly password: string }
)

/** What came of a command, as lines that are safe to show, from this row and column on. */
export interface Result {
  readonly kind: 'result'
  readonly title: string
  readonly lines: readonly string[]
  readonly row: number
  readonly column: number
  /** The passwords in it, to be copied: it is shown this once. */
  readonly secrets?: string
}

/** About what it was asked for in. */
export interface Help {
  readonly kind: 'help'
  readonly scroll: number
  /** What its lines must have; all are shown for nothing. */
  readonly find: TextField
  /** Whether that is being typed. */
  readonly isTyped: boolean
  readonly behind?: Dialog
}

export interface Palette {
  readonly kind: 'palette'
  readonly field: TextField
  /** Among those that match; the last one if there are fewer. */
  readonly chosen: number
}

/** A question before something is done; its facts are a line each. */
export interface Confirmation extends Pick<Question, 'question' | 'facts' | 'yes'> {
  readonly kind: 'confirm'
  /** What is done then: a call, or the line of commands that was typed. */
  readonly then: Call | string
  /** False: Cancel is chosen. */
  readonly chosen: boolean
}

/** One of several, each with what it does; null: it is so already. */
export interface Choice {
  readonly kind: 'choice'
  readonly question: string
  readonly advice: string
  readonly options: readonly Option[]
  readonly chosen: number
}

interface Option {
  readonly name: string
  readonly call: Call | null
  /** What it puts into the clipboard. */
  readonly copy?: string
  /** What it writes into a file: what the page shows, in this format. */
  readonly exports?: 'csv' | 'json'
  /** What it goes on with in the person's editor. */
  readonly draft?: Draft
}

/** A text of rules that a person is at, and the revision of those that they began with. */
export interface Draft {
  readonly text: string
  readonly revision: number
  /** Why it was not taken. */
  readonly problem?: string
}

/** Which columns of a list are to be shown. */
export interface ColumnsChoice {
  readonly kind: 'columns'
  readonly page: ListPage
  readonly columns: readonly { readonly name: string; readonly header: string; readonly shown: boolean }[]
  /** The one that the cursor is on. */
  readonly at: number
}

/** What a list can be sorted by, filtered by or grouped by, each with a key of its own. */
export interface Menu {
  readonly kind: 'menu'
  readonly about: 'sort' | 'filters' | 'groups'
  readonly page: ListPage
  /** The one that the cursor is on; the last one if there are fewer. */
  readonly at: number
  /** The name that a filter is to be kept under, while it is typed. */
  readonly naming: TextField | null
}

export type DialogEvent =
  | { readonly do: 'open'; readonly dialog: Dialog }
  | { readonly do: 'close' }
  | { readonly do: 'choose' | 'toggle' }
  /** Type a name for the filter that is set, or give that up. */
  | { readonly do: 'name' | 'leaveName' }
  /** Type what lines of the help must have, or go on with what is typed; without it, all are shown again. */
  | { readonly do: 'find' | 'keepFound' | 'showAll' }
  /** To the next choice, or the one before. */
  | { readonly do: 'move'; readonly by: number }
  | { readonly do: 'scroll'; readonly to: number }
  | { readonly do: 'range'; readonly range: Range }
  | { readonly do: 'pan'; readonly row: number; readonly column: number }
  | FormEvent

/** Help as it is opened. */
export const unsearched = { scroll: 0, find: emptyField, isTyped: false } as const

/** A choice among all columns of a list, of which these are shown now. */
export function columnsChoice(
  page: ListPage,
  columns: readonly { readonly name: string; readonly header: string }[],
  shown: readonly { readonly name: string }[],
): ColumnsChoice {
  const options = columns.map(({ name, header }) => ({ name, header, shown: shown.some((one) => one.name === name) }))
  return { kind: 'columns', page, columns: options, at: 0 }
}

export function reduceDialog(dialog: Dialog | null, event: DialogEvent): Dialog | null {
  switch (event.do) {
    case 'open':
      return openOver(dialog, event.dialog)
    case 'close':
      return dialog && 'behind' in dialog ? (dialog.behind ?? null) : null
    case 'choose':
      return dialog?.kind === 'confirm' ? { ...dialog, chosen: !dialog.chosen } : dialog
    case 'move': {
      if (dialog?.kind === 'palette') return { ...dialog, chosen: Math.max(0, dialog.chosen + event.by) }
      if (dialog?.kind === 'menu') return { ...dialog, at: Math.max(0, dialog.at + event.by) }
      if (dialog?.kind === 'commands')
        return { ...dialog, chosen: Math.max(0, Math.min(dialog.chosen + event.by, dialog.count - 1)) }
      if (dialog?.kind === 'columns') return { ...dialog, at: around(dialog.at + event.by, dialog.columns.length) }
      if (dialog?.kind !== 'choice') return dialog
      return { ...dialog, chosen: around(dialog.chosen + event.by, dialog.options.length) }
    }
    case 'name':
      return dialog?.kind === 'menu' ? { ...dialog, naming: emptyField } : dialog
    case 'leaveName':
      return dialog?.kind === 'menu' ? { ...dialog, naming: null } : dialog
    case 'toggle':
      return dialog?.kind === 'columns' ? toggleColumn(dialog) : dialog
    case 'pan':
      return dialog?.kind === 'result' ? { ...dialog, row: event.row, column: event.column } : dialog
    case 'scroll':
      return dialog?.kind === 'help' || dialog?.kind === 'messages' ? { ...dialog, scroll: event.to } : dialog
    case 'range':
      return dialog?.kind === 'user' ? { ...dialog, range: event.range } : dialog
    case 'find':
      return dialog?.kind === 'help' ? { ...dialog, isTyped: true } : dialog
    case 'keepFound':
      return dialog?.kind === 'help' ? { ...dialog, isTyped: false } : dialog
    case 'showAll':
      return dialog?.kind === 'help' ? { ...dialog, ...unsearched } : dialog
    case 'edit':
      if (dialog?.kind === 'menu')
        return dialog.naming ? { ...dialog, naming: editField(dialog.naming, event.edit) } : dialog
      if (dialog?.kind === 'help') return { ...dialog, find: editField(dialog.find, event.edit), scroll: 0 }
      if (dialog?.kind === 'palette') return { ...dialog, field: editField(dialog.field, event.edit), chosen: 0 }
      return dialog?.kind === 'form' ? reduceForm(dialog, event) : dialog
    default:
      return dialog?.kind === 'form' ? reduceForm(dialog, event) : dialog
  }
}

/** The overlays from which panels are opened that say something of what they show. */
function openOver(before: Dialog | null, dialog: Dialog): Dialog {
  if (isOverlay(dialog) || isPopup(dialog)) return dialog
  const behind = overlayOf(before)
  return behind?.kind === 'user' || behind?.kind === 'detail' ? { ...dialog, behind } : dialog
}

/** What takes the place of the page; null: the page itself is shown. */
export function overlayOf(dialog: Dialog | null): Overlay | null {
  if (!dialog || isPopup(dialog)) return null
  return isOverlay(dialog) ? dialog : (dialog.behind ?? null)
}

const overlays: readonly Dialog['kind'][] = [
  'help',
  'detail',
  'user',
  'messages',
  'commands',
  'palette',
  'result',
] satisfies Overlay['kind'][]

export function isOverlay(dialog: Dialog): dialog is Overlay {
  return overlays.includes(dialog.kind)
}

export function isPopup(dialog: Dialog): dialog is Popup {
  return dialog.kind === 'menu' || dialog.kind === 'columns'
}

function toggleColumn(choice: ColumnsChoice): ColumnsChoice {
  const { columns, at } = choice
  const column = columns[at]
  return column ? { ...choice, columns: columns.with(at, { ...column, shown: !column.shown }) } : choice
}

/** Counted on around both ends. */
function around(at: number, count: number): number {
  return (at + count) % count
}
