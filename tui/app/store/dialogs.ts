import type { Action } from '../link/action.ts'
import { type Edit, editField, emptyField, type TextField } from '../text-field.ts'

/** What lies over the page and takes the keys. */
export type Dialog =
  | { readonly kind: 'help'; readonly scroll: number }
  /** A connection, followed by its id. */
  | { readonly kind: 'detail'; readonly id: string }
  | Confirmation
  | Form
  /** A password, shown this once. */
  | { readonly kind: 'secret'; readonly user: string; readonly password: string }

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

/** Asks for a name and a password, or for the password of `user`. */
export interface Form {
  readonly kind: 'form'
  readonly purpose: 'addUser' | 'setPassword' | 'login'
  /** Null for one who is named in the form; at a login, the operator. */
  readonly user: string | null
  readonly fields: readonly FormField[]
  readonly focus: number
  readonly problem: string | null
  /** The daemon has been asked and has not answered yet. */
  readonly sent: boolean
}

export interface FormField extends TextField {
  readonly name: 'name' | 'password'
  readonly label: string
}

export type DialogEvent =
  | { readonly do: 'open'; readonly dialog: Dialog }
  | { readonly do: 'close' }
  | { readonly do: 'choose' }
  | { readonly do: 'scroll'; readonly to: number }
  | { readonly do: 'edit'; readonly edit: Edit }
  | { readonly do: 'focus'; readonly by: number }
  | { readonly do: 'send' }
  | { readonly do: 'complain'; readonly problem: string }

const nameField: FormField = { ...emptyField, name: 'name', label: 'Name' }
const passwordField: FormField = { ...emptyField, name: 'password', label: 'Password' }
const untouched = { kind: 'form', focus: 0, problem: null, sent: false } as const

/** An empty form for a new user. */
export function userForm(): Form {
  return { ...untouched, purpose: 'addUser', user: null, fields: [nameField, passwordField] }
}

/** An empty form for a password of `user`: a new one, or at a login the operator's own. */
export function passwordForm(purpose: 'setPassword' | 'login', user: string): Form {
  return { ...untouched, purpose, user, fields: [passwordField] }
}

/** What is typed into a form's field. */
export function fieldText(form: Form, name: FormField['name']): string {
  return form.fields.find((field) => field.name === name)?.text ?? ''
}

export function reduceDialog(dialog: Dialog | null, event: DialogEvent): Dialog | null {
  switch (event.do) {
    case 'open':
      return event.dialog
    case 'close':
      return null
    case 'choose':
      return dialog?.kind === 'confirm' ? { ...dialog, chosen: !dialog.chosen } : dialog
    case 'scroll':
      return dialog?.kind === 'help' ? { ...dialog, scroll: event.to } : dialog
    default:
      return dialog?.kind === 'form' ? reduceForm(dialog, event) : dialog
  }
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
