import { questionBefore } from '../../../shared/commands/parse.ts'
import type { Call, Outcome, Question } from '../../../shared/commands/verb.ts'
import { hasDryRun } from '../link/carry-out.ts'
import type { DialogEvent } from '../state/dialogs.ts'
import { knownIn } from '../state/known.ts'
import { smallest } from '../state/layout.ts'
import { breakLines } from '../text/fit.ts'
import type { App } from './app.ts'

type Secret = NonNullable<Outcome['secret']>

/** Columns of a warning, so that it fits whatever size the terminal is made, and the lines that leave room for a page. */
const warningColumns = smallest.columns - 8
const mostFacts = 8

/** Tell the dialog that is open of an event. */
export function tellDialog({ store }: App, event: DialogEvent): void {
  store.dispatch({ type: 'dialog', event })
}

/**
 * Do what a key asks for: at once, or once the person has agreed to what its verb wants asked. `page`: what the page makes of
 * that question; its facts come first. A form or choice that it comes from stays until then; who closes it meanwhile has
 * given up.
 */
export async function begin(app: App, call: Call, page: Partial<Question> = {}): Promise<void> {
  const asked = questionBefore(call, knownIn(app.store.state))
  if (typeof asked === 'string') return app.store.announce(asked, 'bad')
  let warnings: readonly string[] = []
  if (hasDryRun(call)) {
    tellDialog(app, { do: 'send', call })
    const { dialog, current } = app.store.state
    const foreseen = await app.daemon.foresee(call)
    if (app.store.state.dialog !== dialog || app.store.state.current !== current) return
    if (!foreseen.done) {
      if (dialog?.kind === 'form' && foreseen.kind !== 'conflict')
        return tellDialog(app, { do: 'complain', problem: foreseen.text })
      closeInput(app)
      return app.store.announce(foreseen.text, 'bad')
    }
    warnings = foreseen.value
  }
  const question =
    asked && withWarnings({ ...asked, ...page, facts: [...(page.facts ?? []), ...asked.facts] }, warnings)
  if (question) return confirm(app, question, call)
  closeInput(app)
  return performAndTell(app, call)
}

/** The question with what the daemon warns of; null if it need not be asked. */
export function withWarnings(question: Question, warnings: readonly string[]): Question | null {
  if (question.onlyIfWarned && warnings.length === 0) return null
  return {
    ...question,
    facts: [...question.facts, ...warnings.flatMap((warning) => breakLines(warning, warningColumns))],
  }
}

/** Ask before a call, or a line of commands, is carried out; Cancel is chosen. */
export function confirm(app: App, { question, facts, yes }: Question, then: Call | string): void {
  const shown =
    facts.length > mostFacts
      ? [...facts.slice(0, mostFacts - 1), `and ${facts.length - mostFacts + 1} lines more`]
      : facts
  tellDialog(app, { do: 'open', dialog: { kind: 'confirm', question, facts: shown, yes, then, chosen: false } })
}

/** Do something and say in one line what came of it. */
export async function performAndTell(app: App, call: Call): Promise<void> {
  const label = labelOf(app)
  const { done, text } = await app.daemon.perform(call)
  app.store.announce(label(text), done ? 'good' : 'bad')
  if (done) selectNewRule(app, call)
}

/** Whoever has added a rule on its page looks at that one. */
function selectNewRule({ store }: App, { verb, values }: Call): void {
  const lines = store.state.rules?.rules.filter(({ place }) => place !== null) ?? []
  const added = verb === 'rules add' ? lines.at(-1) : verb === 'rules insert' ? lines[Number(values[0]) - 1] : undefined
  if (added && store.state.page === 'rules')
    store.dispatch({ type: 'list', page: 'rules', event: { do: 'select', id: String(added.id) } })
}

/** Show a password that was made, this once. */
export function openSecret(app: App, { user, password }: Secret, label: (text: string) => string): void {
  tellDialog(app, { do: 'open', dialog: { kind: 'secret', user: label(user), password } })
}

/** Makes what is told of the daemon that is shown now name it, once another one is shown. */
export function labelOf({ store }: App): (text: string) => string {
  const { current, place } = store.state
  return (text) => (store.state.current === current ? text : `${place}: ${text}`)
}

function closeInput(app: App): void {
  const { dialog } = app.store.state
  if (dialog?.kind === 'choice' || dialog?.kind === 'form') tellDialog(app, { do: 'close' })
}
