import { generatePassword } from '../../../shared/commands/generate-password.ts'
import { password as passwordRule, userName } from '../../../shared/protocol/methods.ts'
import { pageRows } from '../layout.ts'
import type { Action } from '../link/action.ts'
import { type Confirmation, type DialogEvent, type Form, fieldText } from '../store/dialogs.ts'
import type { App, Handler } from './app.ts'
import { helpLines } from './help-lines.ts'

export const dialogHandlers = {
  close: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind === 'form' && dialog.purpose === 'login') app.login.giveUp()
    tellDialog(app, { do: 'close' })
  },
  choose: (app) => tellDialog(app, { do: 'choose' }),
  scrollDown: (app) => scroll(app, 1),
  scrollUp: (app) => scroll(app, -1),
  answer: (app) => answer(app, (confirmation) => confirmation.chosen),
  yes: (app) => answer(app, () => true),
  nextField: (app) => tellDialog(app, { do: 'focus', by: 1 }),
  previousField: (app) => tellDialog(app, { do: 'focus', by: -1 }),
  submit: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind !== 'form' || dialog.sent) return
    if (dialog.focus < dialog.fields.length - 1) tellDialog(app, { do: 'focus', by: 1 })
    else if (dialog.purpose === 'login') logIn(app, dialog)
    else submit(app, dialog, dialog.purpose)
  },
} satisfies Record<string, Handler>

/** Tell the dialog that is open of an event. */
export function tellDialog({ store }: App, event: DialogEvent): void {
  store.dispatch({ type: 'dialog', event })
}

/** Do something and say in one line what came of it. */
export async function performAndTell({ store, daemon }: App, action: Action): Promise<void> {
  const { done, text } = await daemon.perform(action)
  store.announce(text, done ? 'good' : 'bad')
}

function scroll(app: App, by: number): void {
  const { state } = app.store
  if (state.dialog?.kind !== 'help') return
  const last = Math.max(0, helpLines(state.page).length - pageRows(state))
  tellDialog(app, { do: 'scroll', to: Math.max(0, Math.min(state.dialog.scroll + by, last)) })
}

function answer(app: App, agrees: (confirmation: Confirmation) => boolean): void {
  const { dialog } = app.store.state
  if (dialog?.kind !== 'confirm') return
  tellDialog(app, { do: 'close' })
  if (agrees(dialog)) performAndTell(app, dialog.action)
}

function logIn(app: App, form: Form): void {
  const password = fieldText(form, 'password')
  if (password === '') return tellDialog(app, { do: 'complain', problem: 'a password is needed; Esc gives up' })
  app.login.answer(password)
  tellDialog(app, { do: 'close' })
}

/** The form stays open, with what was typed, until the daemon has agreed. */
async function submit(app: App, form: Form, purpose: 'addUser' | 'setPassword'): Promise<void> {
  const name = form.user ?? fieldText(form, 'name')
  const typed = fieldText(form, 'password')
  const password = typed || generatePassword()
  const problem = problemOf(name, password)
  if (problem) return tellDialog(app, { do: 'complain', problem })
  tellDialog(app, { do: 'send' })
  const { done, text } = await app.daemon.perform({ do: purpose, name, password })
  if (!done) return tellDialog(app, { do: 'complain', problem: text })
  tellDialog(app, typed ? { do: 'close' } : { do: 'open', dialog: { kind: 'secret', user: name, password } })
  app.store.announce(text, 'good')
}

/** Why the daemon would refuse, without asking it. */
function problemOf(name: string, password: string): string | null {
  if (name === '') return 'a name is needed'
  const [wrongName, wrongPassword] = [userName.safeParse(name).error, passwordRule.safeParse(password).error]
  if (wrongName) return `the name ${wrongName.issues[0]?.message}`
  return wrongPassword ? `the password ${wrongPassword.issues[0]?.message}` : null
}
