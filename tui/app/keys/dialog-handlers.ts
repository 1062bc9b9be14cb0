import { callToSet } from '../../../shared/commands/setting-verbs.ts'
import type { Call } from '../../../shared/commands/verb.ts'
import type { VerbName } from '../../../shared/commands/verbs.ts'
import { hasDryRun } from '../link/carry-out.ts'
import type { Confirmation } from '../state/dialogs.ts'
import { callOf, type Form, fieldText, isOfParts } from '../state/forms.ts'
import { pageRows } from '../state/layout.ts'
import type { App, Handler } from './app.ts'
import { problemSoFar, problemWith, readValue } from './check-form.ts'
import { runLine } from './command-handlers.ts'
import { copyChosen } from './connection-handlers.ts'
import { editTogether } from './edit-rules.ts'
import { helpShown } from './help.ts'
import { tell } from './list-handlers.ts'
import { exportRows } from './menu-handlers.ts'
import { begin, labelOf, openSecret, performAndTell, tellDialog } from './perform.ts'

export const dialogHandlers = {
  close: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind === 'form' && dialog.purpose === 'login') app.login.giveUp()
    tellDialog(app, { do: 'close' })
  },
  copySecret: (app) => {
    const { dialog } = app.store.state
    const text = dialog?.kind === 'secret' ? dialog.password : dialog?.kind === 'result' ? dialog.secrets : undefined
    if (text === undefined) return
    // What is copied is told nowhere else.
    if (app.copy(text)) app.store.announce('copied; Esc closes it', 'good')
    else app.store.announce('this terminal has no clipboard: select it with the mouse', 'bad')
  },
  choose: (app) => tellDialog(app, { do: 'choose' }),
  scrollDown: (app) => scroll(app, 1),
  scrollUp: (app) => scroll(app, -1),
  scrollPageDown: (app) => scroll(app, pageRows(app.store.state) - 1),
  scrollPageUp: (app) => scroll(app, 1 - pageRows(app.store.state)),
  scrollTop: (app) => scroll(app, Number.NEGATIVE_INFINITY),
  scrollBottom: (app) => scroll(app, Number.POSITIVE_INFINITY),
  find: (app) => tellDialog(app, { do: 'find' }),
  keepFound: (app) => tellDialog(app, { do: 'keepFound' }),
  showAll: (app) => tellDialog(app, { do: 'showAll' }),
  showAllOrClose: (app) => {
    const { dialog } = app.store.state
    tellDialog(app, { do: dialog?.kind === 'help' && dialog.find.text !== '' ? 'showAll' : 'close' })
  },
  messagesDown: (app) => scrollMessages(app, 1),
  messagesUp: (app) => scrollMessages(app, -1),
  answer: (app) => answer(app, (confirmation) => confirmation.chosen),
  yes: (app) => answer(app, () => true),
  nextField: (app) => tellDialog(app, { do: 'focus', by: 1 }),
  previousField: (app) => tellDialog(app, { do: 'focus', by: -1 }),
  submit: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind !== 'form' || dialog.sent) return
    if (dialog.purpose === 'rules test') leaveTrial(app, dialog)
    else if (hasMore(dialog)) tellDialog(app, { do: 'focus', by: 1 })
    else if (dialog.purpose === 'login') logIn(app, dialog)
    else if (dialog.purpose === 'set') submitSetting(app, dialog)
    else if (isOfParts(dialog)) submitParts(app, dialog)
    else void submit(app, dialog, dialog.purpose)
  },
  nextChoice: (app) => tellDialog(app, { do: 'move', by: 1 }),
  previousChoice: (app) => tellDialog(app, { do: 'move', by: -1 }),
  take: (app) => {
    const { dialog } = app.store.state
    if (dialog?.kind === 'choice') copyChosen(app, dialog)
    const { call, draft, exports } = (dialog?.kind === 'choice' && dialog.options[dialog.chosen]) || {}
    if (call) return void begin(app, call)
    tellDialog(app, { do: 'close' })
    if (draft) void editTogether(app, draft)
    if (exports) void exportRows(app, exports)
  },
} satisfies Record<string, Handler>

/** The first rule that has decided is selected. */
function leaveTrial(app: App, { trial }: Form): void {
  tellDialog(app, { do: 'close' })
  const [id] = trial?.told?.rules ?? []
  if (id !== undefined) tell(app, { do: 'select', id: String(id) })
}

/** Without a password there is nothing to repeat. */
function hasMore({ fields, focus }: Form): boolean {
  const field = fields[focus]
  // All there is to a limit is what has been changed.
  if (fields.some(({ as }) => as === 'limit')) return false
  return focus < fields.length - 1 && !(field?.name === 'password' && field.text === '')
}

function scroll(app: App, by: number): void {
  const { state } = app.store
  if (state.dialog?.kind !== 'help') return
  const last = Math.max(0, helpShown(state, state.dialog).length + 1 - pageRows(state))
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

/** Do what is typed as the parts of a call: what has a dry run is asked about first. */
function submitParts(app: App, form: Form): void {
  const problem = problemSoFar(form, app.store.state)
  const call = callOf(form)
  if (problem !== null) return tellDialog(app, { do: 'complain', problem })
  if (call === null) return tellDialog(app, { do: 'complain', problem: 'nothing is typed yet' })
  if (hasDryRun(call)) void begin(app, call)
  else void send(app, call)
}

/**
 * Carry out the verb that a form is for. Where no password is typed a strong one is made.
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
  await send(app, { verb, values: [form.subject ?? fieldText(form, 'name')], flags }, typed)
}

/** The form stays open, with what was typed, until the daemon has agreed. `password`: what was typed as the new one. */
async function send(app: App, call: Call, password?: string): Promise<void> {
  tellDialog(app, { do: 'send', call })
  const label = labelOf(app)
  const performed = await app.daemon.perform(call, password)
  // Who closed it meanwhile may have another one open, of another daemon even, that is not answered yet, either.
  const { dialog } = app.store.state
  const isOpen = dialog?.kind === 'form' && dialog.sent === call
  const { done, text } = performed
  if (!done) return isOpen ? tellDialog(app, { do: 'complain', problem: text }) : app.store.announce(label(text), 'bad')
  if (performed.secret) openSecret(app, performed.secret, label)
  else if (isOpen) tellDialog(app, { do: 'close' })
  app.store.announce(label(text), 'good')
}
