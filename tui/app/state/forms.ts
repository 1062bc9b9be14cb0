import { valueText } from '../../../shared/commands/setting-verbs.ts'
import type { Call } from '../../../shared/commands/verb.ts'
import { findVerb, type VerbName } from '../../../shared/commands/verbs.ts'
import type { Setting } from '../../../shared/protocol/methods.ts'
import { type Edit, editField, emptyField, fieldOf, type TextField } from '../text/edit.ts'

/** Asks for what a verb, or a login, wants to know. */
export interface Form {
  readonly kind: 'form'
  readonly purpose: VerbName | 'login'
  /** Whom or what it is about; null for one who is named in the form; at a login, the operator. */
  readonly subject: string | null
  /** What it is headed with; null: as the verb says. */
  readonly title: string | null
  /** What is to be known for the focused field; null: as the verb says. */
  readonly advice: string | null
  /** The setting as the person saw it. */
  readonly seen: { readonly setting: Setting; readonly revision: number } | null
  readonly fields: readonly FormField[]
  readonly focus: number
  readonly problem: string | null
  /** What the daemon has been asked and has not answered yet. */
  readonly sent: Call | null
  /** Values of the call before those that are typed, and flags that it has in any case. */
  readonly given: readonly string[]
  readonly flags: Readonly<Record<string, string>>
  /** What the daemon is asked while it is typed; null: nothing. */
  readonly trial: Trial | null
}

export interface FormField extends TextField {
  /** `name`, `password`, `again`, `value`, a flag of the verb, or a field of users and groups. */
  readonly name: string
  readonly label: string
  /** What of the call it is, an option being a value that may be left out; without it, what its name says. */
  readonly as?: 'value' | 'option' | 'flag' | 'limit'
  /** The value where nothing is typed. */
  readonly empty?: string
  /** What was in it when the form was opened. */
  readonly was?: string
  /** What holds while nothing is typed. */
  readonly ghost?: string
  /** What it is for. */
  readonly advice?: string
}

/** What the daemon says to what is typed, before it is done. */
interface Trial {
  /** What else is asked, whatever is typed. */
  readonly beside: Call | null
  /** Rows that its answer gets. */
  readonly rows: number
  readonly told: Told | null
}

export interface Told {
  /** The texts of the fields that it is about. */
  readonly of: string
  readonly lines: readonly string[]
  readonly problem: string | null
  /** The ids of the rules that it names. */
  readonly rules: readonly number[]
}

export type FormEvent =
  | { readonly do: 'edit'; readonly edit: Edit }
  | { readonly do: 'focus'; readonly by: number }
  | { readonly do: 'send'; readonly call: Call }
  | { readonly do: 'complain'; readonly problem: string }
  | { readonly do: 'tell'; readonly told: Told }

const nameField: FormField = { ...emptyField, name: 'name', label: 'Name' }
const passwordField: FormField = { ...emptyField, name: 'password', label: 'Password' }
/** A password that nobody sees is typed twice. */
const againField: FormField = { ...emptyField, name: 'again', label: 'Repeat' }
export const blankForm = {
  kind: 'form',
  subject: null,
  title: null,
  advice: null,
  seen: null,
  focus: 0,
  problem: null,
  sent: null,
  given: [],
  flags: {},
  trial: null,
} as const

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
  return { ...blankForm, purpose, subject, fields }
}

/** A form for a setting, with what it is now. */
export function settingForm(setting: Setting, revision: number): Form {
  const value: FormField = { ...fieldOf(valueText(setting.value, setting)), name: 'value', label: 'Value' }
  return { ...blankForm, purpose: 'set', subject: setting.name, seen: { setting, revision }, fields: [value] }
}

/** A form for an operator's own password. */
export function loginForm(operator: string): Form {
  return { ...blankForm, purpose: 'login', subject: operator, fields: [passwordField] }
}

/** What is typed into a form's field. */
export function fieldText(form: Form, name: string): string {
  return form.fields.find((field) => field.name === name)?.text ?? ''
}

/** Whether what is typed are the parts of a call. */
export function isOfParts({ fields }: Form): boolean {
  return fields.some(({ as }) => as !== undefined)
}

/** What such a form asks for by what is typed; null: not yet anything. */
export function callOf({ purpose, fields, given, flags }: Form): Call | null {
  const typed = fields.map((field) => ({ ...field, text: field.text.trim() || (field.empty ?? '') }))
  if (typed.some(({ as, text }) => as === 'value' && text === '')) return null
  const values = typed.flatMap(({ as, text }) => ((as === 'value' || as === 'option') && text !== '' ? [text] : []))
  const limits = typed.flatMap(({ as, name, text, was = '' }) => {
    return as === 'limit' && text !== was ? [`${name}=${text}`] : []
  })
  const own = typed.flatMap(({ as, name, text }) => (as === 'flag' && text !== '' ? [[name, text]] : []))
  if (values.length + limits.length === 0) return null
  return {
    verb: purpose,
    values: [...given, ...values, ...limits],
    flags: { ...flags, ...Object.fromEntries(own) },
  }
}

/** All that is typed, to tell whether something has been typed since. */
export function textsOf({ fields }: Form): string {
  return JSON.stringify(fields.map(({ text }) => text.trim()))
}

export function reduceForm(form: Form, event: FormEvent): Form {
  switch (event.do) {
    case 'edit': {
      const fields = form.fields.map((field, at) =>
        at === form.focus ? { ...field, ...editField(field, event.edit) } : field,
      )
      // What was sent is not what stands there now.
      return { ...form, fields, problem: null, sent: null }
    }
    case 'focus': {
      const count = form.fields.length
      return { ...form, focus: (form.focus + event.by + count) % count }
    }
    case 'send':
      return { ...form, problem: null, sent: event.call }
    case 'complain':
      return { ...form, problem: event.problem, sent: null }
    case 'tell':
      return form.trial && !form.sent && event.told.of === textsOf(form)
        ? { ...form, trial: { ...form.trial, told: event.told } }
        : form
  }
}
