import { pageRows } from '../layout.ts'
import { type Confirmation, type Form, fieldText } from '../store/dialogs.ts'
import type { App, Handler } from './app.ts'
import { helpContext } from './context.ts'
import { copyChosen } from './copy-handlers.ts'
import { helpLines } from './help-lines.ts'
import { propose, submitSetting } from './propose.ts'
import { submitPassword } from './submit-password.ts'
import { performAndTell, tellDialog } from './tell-dialog.ts'

export const dialogHandlers = {
  close: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind === 'form' && dialog.purpose === 'login') app.login.giveUp()
    tellDialog(app, { do: 'close' })
  },
  choose: (app) => tellDialog(app, { do: 'choose' }),
  scrollDown: (app) => scroll(app, 1),
  scrollUp: (app) => scroll(app, -1),
  scrollPageDown: (app) => scroll(app, pageRows(app.store.state) - 1),
  scrollPageUp: (app) => scroll(app, 1 - pageRows(app.store.state)),
  saidDown: (app) => scrollSaid(app, 1),
  saidUp: (app) => scrollSaid(app, -1),
  answer: (app) => answer(app, (confirmation) => confirmation.chosen),
  yes: (app) => answer(app, () => true),
  nextField: (app) => tellDialog(app, { do: 'focus', by: 1 }),
  previousField: (app) => tellDialog(app, { do: 'focus', by: -1 }),
  submit: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind !== 'form' || dialog.sent) return
    if (hasMore(dialog)) tellDialog(app, { do: 'focus', by: 1 })
    else if (dialog.purpose === 'login') logIn(app, dialog)
    else if (dialog.purpose === 'setting') submitSetting(app, dialog)
    else submitPassword(app, dialog, dialog.purpose)
  },
  nextChoice: (app) => tellDialog(app, { do: 'move', by: 1 }),
  previousChoice: (app) => tellDialog(app, { do: 'move', by: -1 }),
  take: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind === 'choice') copyChosen(app, dialog)
    const action = dialog?.kind === 'choice' ? dialog.options[dialog.chosen]?.action : undefined
    if (action?.do === 'configure') return void propose(app, action)
    tellDialog(app, { do: 'close' })
    if (action) performAndTell(app, action)
  },
} satisfies Record<string, Handler>

/** Without a password there is nothing to repeat. */
function hasMore({ fields, focus }: Form): boolean {
  const field = fields[focus]
  return focus < fields.length - 1 && !(field?.name === 'password' && field.text === '')
}

function scroll(app: App, by: number): void {
  const { state } = app.store
  if (state.dialog?.kind !== 'help') return
  const last = Math.max(0, helpLines(helpContext(state)).length + 1 - pageRows(state))
  tellDialog(app, { do: 'scroll', to: Math.max(0, Math.min(state.dialog.scroll + by, last)) })
}

function scrollSaid(app: App, by: number): void {
  const { state } = app.store
  if (state.dialog?.kind !== 'said') return
  const last = Math.max(0, state.toasts.history.length - pageRows(state) + 1)
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
