import type { Rule } from '../../../shared/protocol/methods.ts'
import { banForm, denyForm, newRuleForm, ruleForm, tryForm } from '../state/rule-forms.ts'
import type { State } from '../state/state.ts'
import { isLine } from '../tables/rules-table.ts'
import { bansView, rulesView } from '../tables/view.ts'
import type { App, Handler } from './app.ts'
import { editTogether } from './edit-rules.ts'
import { begin, tellDialog } from './perform.ts'
import { type Selected, selectedConnection } from './selection.ts'

/** What is done about rules, and about sources that are kept out. */
export const ruleHandlers = {
  tryRules: (app) => tellDialog(app, { do: 'open', dialog: tryForm() }),
  addRule: (app) => tellDialog(app, { do: 'open', dialog: newRuleForm(placeBehind(app.store.state)) }),
  editRule: (app) => withRule(app, (rule) => tellDialog(app, { do: 'open', dialog: ruleForm(rule) })),
  editRules: (app) => void editTogether(app),
  moveRuleDown: (app) => move(app, 1),
  moveRuleUp: (app) => move(app, -1),
  removeRule: (app) =>
    withRule(app, ({ id }) => void begin(app, { verb: 'rules remove', values: [String(id)], flags: revisionOf(app) })),
  denyConnection: (app) => {
    const selected = selectedConnection(app.store.state)
    if ('problem' in selected) return app.store.announce(selected.problem, 'bad')
    const dialog = denyForm(selected.row)
    if (dialog) tellDialog(app, { do: 'open', dialog })
    else app.store.announce('it has not asked for a destination yet', 'bad')
  },
  addBan: (app) => tellDialog(app, { do: 'open', dialog: banForm() }),
  liftBan: (app) => {
    const { rows, cursor } = bansView(app.store.state)
    const ban = rows[cursor]
    if (ban) void begin(app, { verb: 'unban', values: [ban.source] })
    else app.store.announce('nothing is selected', 'bad')
  },
} satisfies Record<string, Handler>

/** Behind the selected one; behind all if that is none of the lines. */
function placeBehind(state: State): number | null {
  const selected = selectedRule(state)
  return 'row' in selected && selected.row.place !== null ? selected.row.place + 1 : null
}

function selectedRule(state: State): Selected<Rule> {
  const { rows, cursor } = rulesView(state)
  const row = rows[cursor]
  return row ? { row } : { problem: 'nothing is selected' }
}

function withRule(app: App, use: (rule: Rule) => void): void {
  const selected = selectedRule(app.store.state)
  if ('problem' in selected) return app.store.announce(selected.problem, 'bad')
  if (isLine(selected.row)) return use(selected.row)
  app.store.announce(
    selected.row.source === 'setting'
      ? 'a setting says so: change it on page 7'
      : 'it is a rule of proxyd itself, which stays',
    'bad',
  )
}

/** Somebody else's change in between is told, not overwritten. */
function revisionOf({ store }: App): Readonly<Record<string, string>> {
  return { revision: String(store.state.rules?.revision ?? 0) }
}

function move(app: App, by: number): void {
  withRule(app, ({ id, place }) => {
    const lines = app.store.state.rules?.rules.filter(isLine).length ?? 0
    const to = (place ?? 0) + by
    if (to < 1 || to > lines) return app.store.announce(by < 0 ? 'it is the first' : 'it is the last', 'bad')
    void begin(app, { verb: 'rules move', values: [String(id), String(to)], flags: revisionOf(app) })
  })
}
