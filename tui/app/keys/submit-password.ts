import { generatePassword } from '../../../shared/commands/generate-password.ts'
import type { Action } from '../link/action.ts'
import { type Form, fieldText } from '../store/dialogs.ts'
import { operatorRoles } from '../store/rights.ts'
import type { App } from './app.ts'
import { problemWith } from './check-form.ts'
import { saidOf, tellDialog } from './tell-dialog.ts'

/** Forms that give somebody a password. */
type Purpose = Exclude<Form['purpose'], 'login' | 'setting'>

/** Where there is no password a strong one is made. The form stays open, with what was typed, until the daemon has agreed. */
export async function submitPassword(app: App, form: Form, purpose: Purpose): Promise<void> {
  const problem = problemWith(form, app.store.state)
  if (problem !== null) return tellDialog(app, { do: 'complain', problem })
  const typed = fieldText(form, 'password')
  const name = form.subject ?? fieldText(form, 'name')
  const password = typed || generatePassword()
  tellDialog(app, { do: 'send' })
  const said = saidOf(app)
  const { done, text } = await app.daemon.perform(actionOf(purpose, name, password, form))
  // Who closed it meanwhile may have another one open, of another daemon even.
  const { dialog } = app.store.state
  const isOpen = dialog?.kind === 'form' && dialog.sent
  if (!done) return isOpen ? tellDialog(app, { do: 'complain', problem: text }) : app.store.announce(said(text), 'bad')
  if (!typed) tellDialog(app, { do: 'open', dialog: { kind: 'secret', user: said(name), password } })
  else if (isOpen) tellDialog(app, { do: 'close' })
  app.store.announce(said(text), 'good')
}

function actionOf(purpose: Purpose, name: string, password: string, form: Form): Action {
  if (purpose !== 'addOperator') return { do: purpose, name, password }
  const typed = fieldText(form, 'role').trim()
  const role = operatorRoles.find((each) => each === typed) ?? 'viewer'
  return { do: purpose, name, password, role }
}
