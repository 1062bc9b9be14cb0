import { callToSet } from '../../../shared/commands/setting-verbs.ts'
import type { VerbName } from '../../../shared/commands/verbs.ts'
import type { Confirmation } from '../state/dialogs.ts'
import { type Form, fieldText } from '../state/forms.ts'
import { pageRows } from '../state/layout.ts'
import type { App, Handler } from './app.ts'
import { problemWith, readValue } from './check-form.ts'
import { runLine } from './command-handlers.ts'
import { copyChosen } from './connection-handlers.ts'
import { helpContext, helpLines } from './help.ts'
import { begin, labelOf, openSecret, performAndTell, tellDialog } from './perform.ts'

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
  messagesDown: (app) => scrollMessages(app, 1),
  messagesUp: (app) => scrollMessages(app, -1),
  answer: (app) => answer(app, (confirmation) => confirmation.chosen),
  yes: (app) => answer(app, () => true),
  nextField: (app) => tellDialog(app, { do: 'focus', by: 1 }),
  previousField: (app) => tellDialog(app, { do: 'focus', by: -1 }),
  submit: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind !== 'form' || dialog.sent) return
    if (hasMore(dialog)) tellDialog(app, { do: 'focus', by: 1 })
    else if (dialog.purpose === 'login') logIn(app, dialog)
    else if (dialog.purpose === 'set') submitSetting(app, dialog)
    else void submit(app, dialog, dialog.purpose)
  },
  nextChoice: (app) => tellDialog(app, { do: 'move', by: 1 }),
  previousChoice: (app) => tellDialog(app, { do: 'move', by: -1 }),
  take: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind === 'choice') copyChosen(app, dialog)
    const call = dialog?.kind === 'choice' ? dialog.options[dialog.chosen]?.call : undefined
    if (call) void begin(app, call)
    else tellDialog(app, { do: 'close' })
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

function scrollMessages(app: App, by: number): void {
  const { state } = app.store
  if (state.dialog?.kind !== 'messages') return
  const last = Math.max(0, state.toasts.history.length - pageRows(state) + 1)
  tellDialog(app, { do: 'scroll', to: Math.max(0, Math.min(state.dialog.scroll + by, last)) })
}

function answer(app: App, agrees: (confirmation: Confirmation) => boolean): void {
  const { dialog } = app.store.state
  if (dialog?.kind !== 'confirm') return
  tellDialog(app, { do: 'close' })
  if (!agrees(dialog)) return
  if (typeof dialog.then === 'string') void runLine(app, dialog.then, true)
  else void performAndTell(app, dialog.then)
}

function logIn(app: App, form: Form): void {
  const password = fieldText(form, 'password')
  if (password === '') return tellDialog(app, { do: 'complain', problem: 'a password is needed; Esc gives up' })
  app.login.answer(password)
  tellDialog(app, { do: 'close' })
}

/** Have the daemon judge what was typed as a setting's value before it is set. */
function submitSetting(app: App, form: Form): void {
  if (!form.seen) return
  const { setting, revision } = form.seen
  const value = readValue(setting, fieldText(form, 'value'))
  if ('problem' in value) return tellDialog(app, { do: 'complain', problem: value.problem })
  void begin(app, callToSet(setting, value.read, revision))
}

/**
 * Carry out the verb that a form is for. Where no password is typed a strong one is made. The form stays open, with what was
 * typed, until the daemon has agreed.
 */
async function submit(app: App, form: Form, verb: VerbName): Promise<void> {
  const problem = problemWith(form, app.store.state)
  if (problem !== null) return tellDialog(app, { do: 'complain', problem })
  const typed = fieldText(form, 'password')
  const own = form.fields.filter(({ name }) => !['name', 'password', 'again'].includes(name))
  const flags = Object.fromEntries([
    ...own.map(({ name, text }) => [name, text.trim()]),
    ...(typed ? [['password-prompt', '']] : []),
  ])
  tellDialog(app, { do: 'send' })
  const label = labelOf(app)
  const values = [form.subject ?? fieldText(form, 'name')]
  const performed = await app.daemon.perform({ verb, values, flags }, typed)
  // Who closed it meanwhile may have another one open, of another daemon even.
  const { dialog } = app.store.state
  const isOpen = dialog?.kind === 'form' && dialog.sent
  const { done, text } = performed
  if (!done) return isOpen ? tellDialog(app, { do: 'complain', problem: text }) : app.store.announce(label(text), 'bad')
  if (performed.secret) openSecret(app, performed.secret, label)
  else if (isOpen) tellDialog(app, { do: 'close' })
  app.store.announce(label(text), 'good')
}
