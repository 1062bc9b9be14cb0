import type { Operator } from '../../../shared/protocol/methods.ts'
import { sessions } from '../link/perform.ts'
import { operatorForm, passwordForm } from '../store/dialogs.ts'
import { operatorRoles } from '../store/rights.ts'
import { operatorsView } from '../store/view.ts'
import type { App, Handler } from './app.ts'
import { confirm, tellDialog } from './tell-dialog.ts'

export const operatorHandlers = {
  addOperator: (app) => tellDialog(app, { do: 'open', dialog: operatorForm() }),
  setOperatorPassword: (app) =>
    withOperator(app, ({ name }) => tellDialog(app, { do: 'open', dialog: passwordForm('setOperatorPassword', name) })),
  deleteOperator: (app) =>
    withOperator(app, ({ name, sessions: live }) =>
      confirm(app, {
        question: `Delete operator ${name}?`,
        facts: [`They cannot log in again; ${sessions(live)} will be ended.`],
        verb: 'Delete',
        action: { do: 'removeOperator', name },
      }),
    ),
  changeRole: (app) => withOperator(app, (operator) => changeRole(app, operator)),
} satisfies Record<string, Handler>

function changeRole(app: App, { name, role, sessions: live }: Operator): void {
  const options = operatorRoles.map((each) => ({
    name: each === role ? `${each} (as it is)` : each,
    action: each === role ? null : ({ do: 'setRole', name, role: each, was: role } as const),
  }))
  const dialog = {
    kind: 'choice',
    question: `Role of operator ${name}`,
    advice: `${sessions(live)} will be ended; they log in again as what they are then`,
    options,
    chosen: operatorRoles.indexOf(role),
  } as const
  tellDialog(app, { do: 'open', dialog })
}

function withOperator(app: App, use: (operator: Operator) => void): void {
  const { rows, cursor } = operatorsView(app.store.state)
  const operator = rows[cursor]
  if (operator) use(operator)
  else app.store.announce('nothing is selected', 'bad')
}
