import { UsageError } from '../../../shared/commands/usage.ts'
import type { Call } from '../../../shared/commands/verb.ts'
import type { Draft } from '../state/dialogs.ts'
import type { State } from '../state/state.ts'
import type { App } from './app.ts'
import { begin, labelOf, tellDialog } from './perform.ts'

/**
 * Have all of the rules changed in the person's own editor. What they make of it is put in place of the rules, once they know
 * what live connections that cuts; what the daemon refuses is not lost: they can go on with it.
 */
export async function editTogether(app: App, begun?: Draft): Promise<void> {
  const { current } = app.store.state
  const draft = begun ?? (await newDraft(app))
  if (app.store.state.current !== current) return
  if (!draft) return app.store.announce('the rules are not known yet', 'bad')
  const text = await edited(app, draft)
  if (text === undefined) return
  const { revision } = draft
  const call: Call = { verb: 'rules apply', values: [], flags: { text, revision: String(revision) } }
  const foreseen = await app.daemon.foresee(call)
  if (app.store.state.current !== current) return
  if (foreseen.done) return begin(app, call)
  const problem = foreseen.text.replace(/^refused: /, '')
  const options = [
    { name: 'Edit on', call: null, draft: { text, revision, problem } },
    { name: 'Throw it away', call: null },
  ]
  const question = 'These rules are not taken'
  tellDialog(app, { do: 'open', dialog: { kind: 'choice', question, advice: problem, options, chosen: 0 } })
}

/** Their text is told where they are shown, which may not have been for long. */
async function newDraft({ store, daemon }: App): Promise<Draft | null> {
  if (store.state.rules?.text === null) {
    await daemon.look()
    store.catchUp()
  }
  return draftOf(store.state)
}

function draftOf({ rules }: State): Draft | null {
  return !rules || rules.text === null ? null : { text: rules.text, revision: rules.revision }
}

/** What became of the text; undefined: nothing, which is told. */
async function edited(app: App, { text, problem }: Draft): Promise<string | undefined> {
  const label = labelOf(app)
  try {
    const after = await app.edit(text, problem)
    if (after === undefined || after === text) app.store.announce(label('the rules are as they were'), 'good')
    return after === text ? undefined : after
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    app.store.announce(label(error.message), 'bad')
    return undefined
  }
}
