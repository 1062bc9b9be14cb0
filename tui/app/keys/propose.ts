import type { Setting } from '../../../shared/protocol/methods.ts'
import { smallest } from '../layout.ts'
import type { Change } from '../link/action.ts'
import { type Form, fieldText } from '../store/dialogs.ts'
import { breakLines } from '../text.ts'
import type { App } from './app.ts'
import { readValue } from './check-form.ts'
import { confirm, performAndTell, tellDialog } from './tell-dialog.ts'

/** What is asked before a change is made. */
interface Question {
  readonly question: string
  /** A line each, before what the daemon warns of. */
  readonly facts: readonly string[]
}

/** Columns of a fact, so that it fits whatever size the terminal is made. */
const factColumns = smallest.columns - 8

/**
 * Have the daemon judge a change before it is made: it is made at once if there is nothing to warn of and no `question`.
 * The dialog that it comes from stays until then; who closes it meanwhile has given up.
 */
export async function propose(app: App, change: Change, question?: Question): Promise<void> {
  tellDialog(app, { do: 'send' })
  const { dialog, current } = app.store.state
  const foreseen = await app.daemon.foresee(change)
  if (app.store.state.dialog !== dialog || app.store.state.current !== current) return
  if (!foreseen.done) {
    if (dialog?.kind === 'form' && foreseen.kind !== 'conflict')
      return tellDialog(app, { do: 'complain', problem: foreseen.text })
    tellDialog(app, { do: 'close' })
    return app.store.announce(foreseen.text, 'bad')
  }
  if (foreseen.value.length === 0 && !question) {
    tellDialog(app, { do: 'close' })
    return performAndTell(app, change)
  }
  const facts = [...(question?.facts ?? []), ...foreseen.value].flatMap((fact) => breakLines(fact, factColumns))
  const asked = question?.question ?? `Set ${change.name} to ${change.value}?`
  confirm(app, { question: asked, facts, verb: 'Do it', action: change })
}

/** The change of a setting, as seen at `revision`, to `value`; null forgets what was set. */
export function changeOf({ name, source, value: now }: Setting, value: Change['value'], revision: number): Change {
  return { do: 'configure', name, value, revision, before: source === 'stored' ? now : null }
}

/** Propose what was typed as a setting's value. */
export function submitSetting(app: App, form: Form): void {
  if (!form.seen) return
  const { setting, revision } = form.seen
  const value = readValue(setting, fieldText(form, 'value'))
  if ('problem' in value) return tellDialog(app, { do: 'complain', problem: value.problem })
  propose(app, changeOf(setting, value.read, revision))
}
