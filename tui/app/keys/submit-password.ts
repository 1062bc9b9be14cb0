import { generatePassword } from '../../../shared/commands/generate-password.ts'
import { methods, password as passwordRule, userName } from '../../../shared/protocol/methods.ts'
import type { Action } from '../link/action.ts'
import { type Form, fieldText } from '../store/dialogs.ts'
import { operatorRoles } from '../store/rights.ts'
import type { App } from './app.ts'
import { tellDialog } from './tell-dialog.ts'

/** Forms that give somebody a password. */
type Purpose = Exclude<Form['purpose'], 'login' | 'setting'>

interface Given {
  readonly name: string
  readonly password: string
  /** As typed; of an operator. */
  readonly role: string
}

/** Where there is no password a strong one is made. The form stays open, with what was typed, until the daemon has agreed. */
export async function submitPassword(app: App, form: Form, purpose: Purpose): Promise<void> {
  const typed = fieldText(form, 'password')
  const name = form.subject ?? fieldText(form, 'name')
  const password = typed || generatePassword()
  const action = actionOf(purpose, { name, password, role: fieldText(form, 'role').trim() })
  if (typeof action === 'string') return tellDialog(app, { do: 'complain', problem: action })
  tellDialog(app, { do: 'send' })
  const { done, text } = await app.daemon.perform(action)
  if (!done) return tellDialog(app, { do: 'complain', problem: text })
  tellDialog(app, typed ? { do: 'close' } : { do: 'open', dialog: { kind: 'secret', user: name, password } })
  app.store.announce(text, 'good')
}

/** What the daemon is to be asked, or why it would refuse. */
function actionOf(purpose: Purpose, { name, password, role }: Given): Action | string {
  if (name === '') return 'a name is needed'
  const rules = purpose === 'addUser' || purpose === 'setPassword' ? userRules : operatorRules
  const [wrongName, wrongPassword] = [rules.name.safeParse(name).error, rules.password.safeParse(password).error]
  if (wrongName) return `the name ${wrongName.issues[0]?.message}`
  if (wrongPassword) return `the password ${wrongPassword.issues[0]?.message}`
  if (purpose !== 'addOperator') return { do: purpose, name, password }
  const known = operatorRoles.find((each) => each === role)
  return known ? { do: purpose, name, password, role: known } : `the role must be one of ${operatorRoles.join(', ')}`
}

const userRules = { name: userName, password: passwordRule }
const operatorRules = methods['operators.add'].params.shape
