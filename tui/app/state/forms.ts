import { findVerb, type VerbName } from '../../../shared/commands/verbs.ts'
import type { Setting } from '../../../shared/protocol/methods.ts'
import { type Edit, editField, emptyField, fieldOf, type TextField } from '../text/edit.ts'

/** Asks for what a verb, or a login, wants to know. */
export interface Form {
  readonly kind: 'form'
  readonly purpose: VerbName | 'login'
  /** Whom or what it is about; null for one who is named in the form; at a login, the operator. */
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
  /** `name`, `password`, `again`, `value`, or a flag of the verb that has choices. */
  readonly name: string
  readonly label: string
}

export type FormEvent =
  | { readonly do: 'edit'; readonly edit: Edit }
  | { readonly do: 'focus'; readonly by: number }
  | { readonly do: 'send' }
  | { readonly do: 'complain'; readonly problem: string }

const nameField: FormField = { ...emptyField, name: 'name', label: 'Name' }
const passwordField: FormField = { ...emptyField, name: 'password', label: 'Password' }
/** A password that nobody sees is typed twice. */
const againField: FormField = { ...emptyField, name: 'again', label: 'Repeat' }
const untouched = { kind: 'form', seen: null, focus: 0, problem: null, sent: false } as const

/** A form for a verb: a name where it makes somebody, its flags with choices, a password where it gives one. */
export function formFor(purpose: VerbName, subject: string | null): Form {
  const { makes, flags = {} } = findVerb(purpose)
  const choices = Object.entries(flags).flatMap(([name, flag]): FormField[] => {
    const [first] = (typeof flag === 'object' && flag.choices) || []
    return first === undefined
      ? []
      : [{ ...fieldOf(first), name, label: name.replace(/^./, (letter) => letter.toUpperCase()) }]
  })
  const fields = [
    ...(makes ? [nameField] : []),
    ...choices,
    ...('password-prompt' in flags ? [passwordField, againField] : []),
  ]
  return { ...untouched, purpose, subject, fields }
}

/** A form for a setting, with what it is now. */
export function settingForm(setting: Setting, revision: number): Form {
  const now = Array.isArray(setting.value) ? setting.value.join(', ') : String(setting.value)
  const value: FormField = { ...fieldOf(now), name: 'value', label: 'Value' }
  return { ...untouched, purpose: 'set', subject: setting.name, seen: { setting, revision }, fields: [value] }
}

/** A form for an operator's own password. */
export function loginForm(operator: string): Form {
  return { ...untouched, purpose: 'login', subject: operator, fields: [passwordField] }
}

/** What is typed into a form's field. */
export function fieldText(form: Form, name: string): string {
  return form.fields.find((field) => field.name === name)?.text ?? ''
}

export function reduceForm(form: Form, event: FormEvent): Form {
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
