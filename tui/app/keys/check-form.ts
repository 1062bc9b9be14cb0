import { settingValue, valueText } from '../../../shared/commands/setting-verbs.ts'
import { UsageError } from '../../../shared/commands/usage.ts'
import { findVerb } from '../../../shared/commands/verbs.ts'
import { isLimit, parseLimit } from '../../../shared/limits.ts'
import type { Setting } from '../../../shared/protocol/methods.ts'
import {
  newOperatorNameRules,
  newUserNameRules,
  operatorPasswordRules,
  problemWithText,
  userPasswordRules,
} from '../../../shared/protocol/text-rules.ts'
import { type Form, type FormField, fieldText } from '../state/forms.ts'
import type { State } from '../state/state.ts'

/** Whose names are taken. */
type Known = Pick<State, 'users' | 'operators'>

/** What is wrong with what has been typed so far; null if nothing is. Fields nobody has typed into are left out. */
export function problemSoFar(form: Form, known: Known): string | null {
  const typed = form.fields.filter(({ text }) => text !== '')
  for (const field of typed) {
    const problem = checkOf(field)(form, known)
    if (problem !== null) return problem
  }
  return null
}

/** What keeps a form from being sent; null if nothing does. A strong password is made where there is none. */
export function problemWith(form: Form, known: Known): string | null {
  if (form.subject === null && fieldText(form, 'name') === '') return 'a name is needed'
  const password = fieldText(form, 'password')
  if (password !== '' && form.purpose !== 'login' && fieldText(form, 'again') !== password)
    return 'the two passwords differ'
  return problemSoFar(form, known)
}

/** How hard a password is to guess, in a word; by its length and by how varied it is, not by a list of bad ones. */
export function strengthOf(password: string): 'weak' | 'fair' | 'strong' {
  const characters = [...password]
  const classes = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/]
  const pool = classes.reduce((size, found, at) => size + (found.test(password) ? (poolSizes[at] ?? 0) : 0), 0)
  const bits = Math.min(characters.length, 2 * new Set(characters).size) * Math.log2(Math.max(2, pool))
  return bits < 50 ? 'weak' : bits < 80 ? 'fair' : 'strong'
}

/** Characters of each class in ASCII. */
const poolSizes = [26, 26, 10, 33]

/** What a setting would be by what is typed, or why it cannot be. */
export function readValue(setting: Setting, text: string): { read: Setting['value'] } | { problem: string } {
  const { name, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = setting
  try {
    const read = settingValue(setting, [text.trim()])
    const outside = typeof read === 'number' && (read < min || read > max)
    return outside
      ? { problem: `${name} must be from ${valueText(min, setting)} to ${valueText(max, setting)}` }
      : { read }
  } catch (error) {
    if (error instanceof UsageError) return { problem: error.message }
    throw error
  }
}

/** What is typed as a part of a call the daemon judges, but for the limits, whose words are known. */
function checkOf({ name, as }: FormField): Check {
  if (as === undefined) return checks[name] ?? checkChoice(name)
  return as === 'limit' ? checkLimit(name) : () => null
}

type Check = (form: Form, known: Known) => string | null

const checks: Readonly<Partial<Record<string, Check>>> = {
  name: checkName,
  password: (form) => {
    if (form.purpose === 'login') return null
    const wrong = problemWithText(
      isOfUser(form) ? userPasswordRules : operatorPasswordRules,
      fieldText(form, 'password'),
    )
    return wrong === null ? null : `the password ${wrong}`
  },
  // A beginning may still become the whole.
  again: (form) =>
    fieldText(form, 'password').startsWith(fieldText(form, 'again')) ? null : 'the two passwords differ',
  value: ({ seen, fields }) => {
    const value = seen && readValue(seen.setting, fields[0]?.text ?? '')
    return value && 'problem' in value ? value.problem : null
  },
}

/** Of a field of users and groups. */
function checkLimit(name: string): Check {
  return (form) => {
    try {
      if (isLimit(name)) parseLimit(name, fieldText(form, name))
      return null
    } catch (error) {
      if (error instanceof RangeError) return error.message
      throw error
    }
  }
}

/** Of a field for a flag that has choices. */
function checkChoice(name: string): Check {
  return (form) => {
    const flag = form.purpose === 'login' ? undefined : findVerb(form.purpose).flags?.[name]
    const choices = typeof flag === 'object' ? (flag.choices ?? []) : []
    return choices.includes(fieldText(form, name).trim()) ? null : `the ${name} must be one of ${choices.join(', ')}`
  }
}

function checkName(form: Form, { users, operators }: Known): string | null {
  const name = fieldText(form, 'name')
  const wrong = problemWithText(isOfUser(form) ? newUserNameRules : newOperatorNameRules, name)
  if (wrong !== null) return `the name ${wrong}`
  const taken = isOfUser(form)
    ? users.rows?.some(({ user }) => user.name === name)
    : operators?.some((operator) => operator.name === name)
  return taken ? `there is a${isOfUser(form) ? ' user' : 'n operator'} ${name} already` : null
}

function isOfUser({ purpose }: Form): boolean {
  if (purpose === 'login') return false
  const { makes, takes: [kind] = [] } = findVerb(purpose)
  return (makes ?? kind) === 'user'
}
