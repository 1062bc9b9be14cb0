import { callToCut } from '../../../shared/commands/cut-verb.ts'
import { operatorRoles } from '../../../shared/commands/operator-verbs.ts'
import { callToSet } from '../../../shared/commands/setting-verbs.ts'
import { findVerb, type VerbName } from '../../../shared/commands/verbs.ts'
import { counted } from '../../../shared/format/count.ts'
import type { Setting } from '../../../shared/protocol/methods.ts'
import { formFor, settingForm } from '../state/forms.ts'
import { watchForm } from '../state/rule-forms.ts'
import { connectionsView, markedIds, sessionsView, watchesView } from '../tables/view.ts'
import type { App, Handler } from './app.ts'
import { begin, tellDialog } from './perform.ts'
import { type Selected, selectedName, selectedOperator, selectedSetting, selectedUser } from './selection.ts'

/** Carry out a verb about what is selected, with a form for what else it wants to know. */
export function startVerb(app: App, name: VerbName): void {
  const { takes: [kind] = [], form } = findVerb(name)
  const start = (subject: string | null) => {
    if (form !== undefined) tellDialog(app, { do: 'open', dialog: formFor(name, subject) })
    else void begin(app, { verb: name, values: subject === null ? [] : [subject] })
  }
  if (kind === undefined) start(null)
  else withSelected(app, selectedName(app.store.state, kind), start)
}

/** Keys for which more than one verb, or more than one of its arguments, comes into question. */
export const verbHandlers = {
  toggleUser: (app) =>
    withSelected(app, selectedUser(app.store.state), ({ name, enabled }) => {
      void begin(app, { verb: enabled ? 'disable' : 'enable', values: [name] })
    }),
  cutUser: (app) => withSelected(app, selectedUser(app.store.state), ({ name }) => void begin(app, callToCut(name))),
  killShown: (app) => {
    if (markedIds(app.store.state).size > 0) killMarked(app)
    else killShown(app)
  },
  changeRole: (app) =>
    withSelected(app, selectedOperator(app.store.state), ({ name, role, sessions }) => {
      const options = operatorRoles.map((each) => ({
        name: each === role ? `${each} (as it is)` : each,
        call: each === role ? null : { verb: 'role', values: [name, each], flags: { was: role } },
      }))
      const advice = `${counted(sessions, 'session')} will be ended; they log in again as what they are then`
      const chosen = operatorRoles.indexOf(role)
      const question = `Role of operator ${name}`
      tellDialog(app, { do: 'open', dialog: { kind: 'choice', question, advice, options, chosen } })
    }),
  longerPeriod: (app) => changePeriod(app, 1),
  shorterPeriod: (app) => changePeriod(app, -1),
  exportUsage: (app) => {
    const { usagePeriod } = app.store.state
    const now = new Date().toISOString().slice(0, 19).replaceAll(':', '')
    const flags = { since: usagePeriod, to: `proxyd-usage-${usagePeriod}-${now}Z.csv` }
    void begin(app, { verb: 'usage', values: [], flags })
  },
  addWatch: (app) => tellDialog(app, { do: 'open', dialog: watchForm() }),
  removeWatch: (app) => {
    const { rows, cursor } = watchesView(app.store.state)
    const watch = rows[cursor]
    if (watch) void begin(app, { verb: 'watches remove', values: [watch.name] })
    else app.store.announce('nothing is selected', 'bad')
  },
  cutSession: (app) => {
    const { rows, cursor } = sessionsView(app.store.state)
    const session = rows[cursor]
    if (session) void begin(app, { verb: 'cut', values: [String(session.id)] })
    else app.store.announce('nothing is selected', 'bad')
  },
  changeSetting: (app) =>
    withSelected(app, selectedSetting(app.store.state), ({ setting, revision }) => change(app, setting, revision)),
  resetSetting: (app) =>
    withSelected(app, selectedSetting(app.store.state), ({ setting, revision }) => {
      const { name, source } = setting
      if (source === 'default' || source === 'file')
        return app.store.announce(`${name} was not set here: its value is from the ${source} already`, 'bad')
      void begin(app, callToSet(setting, null, revision), { onlyIfWarned: false })
    }),
  undo: (app) => {
    const { undo, current } = app.store.state
    if (undo?.of !== current) return app.store.announce('there is nothing to undo', 'bad')
    void begin(app, undo.call)
  },
} satisfies Record<string, Handler>

function withSelected<Row>(app: App, selected: Selected<Row>, use: (row: Row) => void): void {
  if ('row' in selected) use(selected.row)
  else app.store.announce(selected.problem, 'bad')
}

function changePeriod({ store, daemon }: App, by: number): void {
  store.dispatch({ type: 'usagePeriod', by })
  daemon.look()
}

function killMarked(app: App): void {
  const { state } = app.store
  const ids = [...markedIds(state)]
  const shown = new Set(connectionsView(state).ids)
  const hidden = ids.filter((id) => !shown.has(id)).length
  void begin(
    app,
    { verb: 'cut', values: ids },
    {
      question: `Cut ${ids.length} marked of ${counted(state.connections.now.rows.size, 'connection')}?`,
      facts: hidden > 0 ? [`The filter hides ${hidden} of them.`] : [],
      yes: `Cut ${ids.length}`,
    },
  )
}

function killShown(app: App): void {
  const { state } = app.store
  const { ids, total, problem } = connectionsView(state)
  if (ids.length === 0) return app.store.announce('no connection is shown', 'bad')
  if (problem) return app.store.announce('mend the filter first', 'bad')
  const { filter } = state.lists.connections
  void begin(
    app,
    { verb: 'cut', values: ids },
    {
      question: `Cut ${ids.length} of ${counted(total, 'connection')}?`,
      facts: [filter ? `They match the filter: ${filter}` : 'No filter is set: these are all.'],
      yes: `Cut ${ids.length}`,
    },
  )
}

/** By a choice where there are few values, else by a field. */
function change(app: App, setting: Setting, revision: number): void {
  const { name, value, summary } = setting
  const known = setting.type === 'flag' ? [false, true] : setting.choices
  if (!known) return tellDialog(app, { do: 'open', dialog: settingForm(setting, revision) })
  // A daemon newer than the app may be at a value that its list does not name to us.
  const values = typeof value === 'string' && !known.some((each) => each === value) ? [value, ...known] : known
  const options = values.map((each) => ({
    name: each === value ? `${each} (as it is)` : String(each),
    call: each === value ? null : callToSet(setting, each, revision),
  }))
  const now = options.findIndex(({ call }) => call === null)
  // Of two, whoever comes here wants the other one.
  const chosen = setting.type === 'flag' ? 1 - now : Math.max(0, now)
  tellDialog(app, { do: 'open', dialog: { kind: 'choice', question: name, advice: summary, options, chosen } })
}
