import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Operator, Setting, User } from '../../shared/protocol/methods.ts'
import type { App } from '../../tui/app/keys/app.ts'
import { problemSoFar, problemWith, strengthOf } from '../../tui/app/keys/check-form.ts'
import { dialogHandlers } from '../../tui/app/keys/dialog-handlers.ts'
import { type Form, type FormField, formFor, loginForm, settingForm } from '../../tui/app/state/forms.ts'
import { noUsers } from '../../tui/app/state/users.ts'
import { Store } from '../../tui/app/store/store.ts'
import { fieldOf } from '../../tui/app/text/edit.ts'
import { unlimited } from '../helpers/user-row.ts'

const user: User = {
  name: 'bob',
  enabled: true,
  stored: true,
  created: 0,
  connections: 0,
  up: 0,
  down: 0,
  ...unlimited,
}
const operator: Operator = { name: 'kim', role: 'viewer', created: 0, sessions: 0 }
const known = {
  users: { ...noUsers, rows: [{ user, rate: { up: 0, down: 0 }, past: [], refusals: [] }] },
  operators: [operator],
}

/** The form as it is once this has been typed. */
function typed(form: Form, texts: Readonly<Record<FormField['name'], string>>): Form {
  return { ...form, fields: form.fields.map((field) => ({ ...field, ...fieldOf(texts[field.name] ?? field.text) })) }
}

describe('while it is typed', () => {
  test.each([
    [{ name: 'bo' }, null],
    [{ name: 'bob' }, 'there is a user bob already'],
    [{ name: 'x'.repeat(256) }, 'the name must be at most 255 bytes of UTF-8'],
    [{ name: 'carol', password: 'secret', again: 'sec' }, null],
    [{ name: 'carol', password: 'secret', again: 'sex' }, 'the two passwords differ'],
    [{ name: 'carol', password: 'é'.repeat(128) }, 'the password must be at most 255 bytes of UTF-8'],
  ])('a new user %j', (texts, problem) => {
    expect(problemSoFar(typed(formFor('adduser', null), texts), known)).toBe(problem)
  })

  test.each([
    [{ name: 'kim' }, 'there is an operator kim already'],
    [{ name: '-x' }, 'the name must be letters, digits and ._@-, a letter or digit first'],
    [{ name: 'lee', role: 'boss' }, 'the role must be one of viewer, operator, admin'],
    [{ name: 'lee', password: 'short' }, 'the password must be at least 8 characters'],
    [{ name: 'lee', password: 'long enough' }, null],
  ])('a new operator %j', (texts, problem) => {
    expect(problemSoFar(typed(formFor('addoperator', null), texts), known)).toBe(problem)
  })

  test('a setting out of its range', () => {
    const setting: Setting = {
      name: 'timeout-idle',
      value: 5000,
      source: 'default',
      default: 5000,
      type: 'integer',
      min: 100,
      max: 9000,
      runtime: true,
      summary: '',
    }
    const form = settingForm(setting, 1)
    expect(problemSoFar(form, known)).toBeNull()
    expect(problemSoFar(typed(form, { value: '99' }), known)).toBe('timeout-idle must be from 100 to 9000')
    expect(problemSoFar(typed(form, { value: 'soon' }), known)).toMatch(/takes a whole number/)
  })
})

describe('before it is sent', () => {
  test('a name is needed, and a password only if it is not to be made', () => {
    expect(problemWith(formFor('adduser', null), known)).toBe('a name is needed')
    expect(problemWith(typed(formFor('adduser', null), { name: 'carol' }), known)).toBeNull()
    expect(problemWith(formFor('passwd', 'bob'), known)).toBeNull()
  })

  test('a password is repeated in full, but not at a login', () => {
    const half = { password: 'secret', again: 'secr' }
    expect(problemWith(typed(formFor('passwd', 'bob'), half), known)).toBe('the two passwords differ')
    expect(problemWith(typed(formFor('passwd', 'bob'), { ...half, again: 'secret' }), known)).toBeNull()
    expect(problemWith(typed(loginForm('kim'), { password: 'x' }), known)).toBeNull()
  })
})

test.each([
  ['', 'weak'],
  ['hello', 'weak'],
  ['aaaaaaaaaaaaaaaaaaaaaaaa', 'weak'],
  ['opensesame', 'weak'],
  ['correct horse', 'fair'],
  ['correct horse battery', 'strong'],
  ['k2m9x7q4w8e3r5t6', 'strong'],
])('%j is %s', (password, strength) => {
  expect(strengthOf(password)).toBe(strength)
})

test('the answer to a form that was closed meanwhile does not close the next one, which waits for its own', async () => {
  const store = new Store(['here'], 4)
  const answers: (() => void)[] = []
  const perform = () => new Promise((resolve) => answers.push(() => resolve({ done: true, text: 'added' })))
  const app = { store, daemon: { perform } } as unknown as App
  const send = (name: string) => {
    const form = { ...typed(formFor('adduser', null), { name }), focus: formFor('adduser', null).fields.length - 1 }
    store.dispatch({ type: 'dialog', event: { do: 'open', dialog: form } })
    dialogHandlers.submit(app)
  }
  const answer = async (at: number) => {
    answers[at]?.()
    await turn()
    return store.state.dialog
  }
  send('carol')
  dialogHandlers.close(app)
  send('dave')
  expect(await answer(0)).toMatchObject({ kind: 'form', sent: { values: ['dave'] } })
  expect(await answer(1)).toBeNull()
})
