import type { LogEntry, Range, Setting } from '../../../shared/protocol/methods.ts'
import type { Action } from '../link/action.ts'
import { type Edit, editField, emptyField, fieldOf, type TextField } from '../text-field.ts'
import { type ColumnsChoice, reduceColumns } from './columns-choice.ts'

/** What lies over the page and takes the keys. */
export type Dialog = Cover | Panel

/** What takes the place of the page. */
export type Cover =
  /** About what it was asked for in. */
  | { readonly kind: 'help'; readonly scroll: number; readonly behind?: Dialog }
  /** A connection, followed by its id. */
  | { readonly kind: 'detail'; readonly id: string }
  | ColumnsChoice
  /** A user, followed by their name, with a graph this far back. */
  | { readonly kind: 'user'; readonly name: string; readonly range: Range }
  /** What has been said, newest first. */
  | { readonly kind: 'said'; readonly scroll: number }
  /** All that can be done here, as far as it matches what is typed. */
  | Palette
  | Result

/** What lies below the page, or below the cover that it was opened from, which comes back. */
export type Panel = { readonly behind?: Cover } /** An entry of the log. */ & (
  | { readonly kind: 'entry'; readonly entry: LogEntry }
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
}

export interface Palette {
  readonly kind: 'palette'
  readonly field: TextField
  /** Among those that match; the last one if there are fewer. */
  readonly chosen: number
}

export interface Confirmation {
  readonly kind: 'confirm'
  readonly question: string
  /** What exactly it is about and what follows, a line each. */
  readonly facts: readonly string[]
  /** What the button that does it says. */
  readonly verb: string
  readonly action: Action
  /** False: Cancel is chosen. */
  readonly chosen: boolean
}

/** One of several, each with what it does; null: it is so already. */
export interface Choice {
  readonly kind: 'choice'
  readonly question: string
  readonly advice: string
  /** `copy`: what it puts into the clipboard. */
  readonly options: readonly { readonly name: string; readonly action: Action | null; readonly copy?: string }[]
  readonly chosen: number
}

/** Asks for a name and a password, for the password of `subject`, or for the value of the setting `subject`. */
export interface Form {
  readonly kind: 'form'
  readonly purpose: 'addUser' | 'setPassword' | 'login' | 'addOperator' | 'setOperatorPassword' | 'setting'
  /** Null for one who is named in the form; at a login, the operator. */
  readonly subject: string | null
  /** The setting as the person saw it. */
  readonly seen: { readonly setting: Setting; readonly revision: number } | null
  readonly fields: readonly FormField[]
  readonly focus: number
  readonly problem: string | null
  /** The daemon has been asked and has not answered yet. */
  readonly sent: boolean
}

export interface FormField extends TextField {
  readonly name: 'name' | 'password' | 'again' | 'role' | 'value'
  readonly label: string
}

export type DialogEvent =
  | { readonly do: 'open'; readonly dialog: Dialog }
  | { readonly do: 'close' }
  | { readonly do: 'choose' | 'toggle' }
  /** To the next choice, or the one before. */
  | { readonly do: 'move'; readonly by: number }
  | { readonly do: 'scroll'; readonly to: number }
  | { readonly do: 'range'; readonly range: Range }
  | { readonly do: 'roam'; readonly row: number; readonly column: number }
  | { readonly do: 'edit'; readonly edit: Edit }
  | { readonly do: 'focus'; readonly by: number }
  | { readonly do: 'send' }
  | { readonly do: 'complain'; readonly problem: string }

const nameField: FormField = { ...emptyField, name: 'name', label: 'Name' }
const passwordField: FormField = { ...emptyField, name: 'password', label: 'Password' }
/** A password that nobody sees is typed twice. */
const againField: FormField = { ...emptyField, name: 'again', label: 'Repeat' }
const roleField: FormField = { ...fieldOf('viewer'), name: 'role', label: 'Role' }
const untouched = { kind: 'form', seen: null, focus: 0, problem: null, sent: false } as const

/** An empty form for a new user. */
export function userForm(): Form {
  return { ...untouched, purpose: 'addUser', subject: null, fields: [nameField, passwordField, againField] }
}

/** A form for a new operator, who is a viewer unless somebody says otherwise. */
export function operatorForm(): Form {
  return {
    ...untouched,
    purpose: 'addOperator',
    subject: null,
    fields: [nameField, roleField, passwordField, againField],
  }
}

/** A form for a setting, with what it is now. */
export function settingForm(setting: Setting, revision: number): Form {
  const now = Array.isArray(setting.value) ? setting.value.join(', ') : String(setting.value)
  const value: FormField = { ...fieldOf(now), name: 'value', label: 'Value' }
  return { ...untouched, purpose: 'setting', subject: setting.name, seen: { setting, revision }, fields: [value] }
}

/** An empty form for a password of `subject`: a new one, or at a login the operator's own. */
export function passwordForm(purpose: 'setPassword' | 'setOperatorPassword' | 'login', subject: string): Form {
  const fields = purpose === 'login' ? [passwordField] : [passwordField, againField]
  return { ...untouched, purpose, subject, fields }
}

/** What is typed into a form's field. */
export function fieldText(form: Form, name: FormField['name']): string {
  return form.fields.find((field) => field.name === name)?.text ?? ''
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
      if (dialog?.kind === 'columns') return reduceColumns(dialog, event)
      if (dialog?.kind !== 'choice') return dialog
      const count = dialog.options.length
      return { ...dialog, chosen: (dialog.chosen + event.by + count) % count }
    }
    case 'toggle':
      return dialog?.kind === 'columns' ? reduceColumns(dialog, { do: 'toggle' }) : dialog
    case 'roam':
      return dialog?.kind === 'result' ? { ...dialog, row: event.row, column: event.column } : dialog
    case 'scroll':
      return dialog?.kind === 'help' || dialog?.kind === 'said' ? { ...dialog, scroll: event.to } : dialog
    case 'range':
      return dialog?.kind === 'user' ? { ...dialog, range: event.range } : dialog
    case 'edit':
      if (dialog?.kind === 'palette') return { ...dialog, field: editField(dialog.field, event.edit), chosen: 0 }
      return dialog?.kind === 'form' ? reduceForm(dialog, event) : dialog
    default:
      return dialog?.kind === 'form' ? reduceForm(dialog, event) : dialog
  }
}

/** The covers from which panels are opened that say something of what they show. */
function openOver(before: Dialog | null, dialog: Dialog): Dialog {
  if (isCover(dialog)) return dialog
  const behind = coverOf(before)
  return behind?.kind === 'user' || behind?.kind === 'detail' ? { ...dialog, behind } : dialog
}

/** What takes the place of the page; null: the page itself is shown. */
export function coverOf(dialog: Dialog | null): Cover | null {
  if (!dialog) return null
  return isCover(dialog) ? dialog : (dialog.behind ?? null)
}

const covers: readonly Dialog['kind'][] = [
  'help',
  'detail',
  'columns',
  'user',
  'said',
  'palette',
  'result',
] satisfies Cover['kind'][]

export function isCover(dialog: Dialog): dialog is Cover {
  return covers.includes(dialog.kind)
}

function reduceForm(form: Form, event: Extract<DialogEvent, { do: 'edit' | 'focus' | 'send' | 'complain' }>): Form {
  switch (event.do) {
    case 'edit': {
      const fields = form.fields.map((field, at) =>
        at === form.focus ? { ...field, ...editField(field, event.edit) } : field,
      )
      return { ...form, fields, problem: null }
    }
    case 'focus': {
      const count = form.fields.length
      return { ...form, focus: (form.focus + event.by + count) % count }
    }
    case 'send':
      return { ...form, problem: null, sent: true }
    case 'complain':
      return { ...form, problem: event.problem, sent: false }
  }
}
