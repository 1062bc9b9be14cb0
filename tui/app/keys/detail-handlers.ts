import { whatOf } from '../../../shared/commands/audit-verbs.ts'
import { eventKindWords } from '../../../shared/event-kinds.ts'
import { fieldWord } from '../../../shared/filter/filter.ts'
import { formatTime } from '../../../shared/format/time.ts'
import { ranges } from '../../../shared/protocol/vocabulary.ts'
import { follow } from '../state/followed.ts'
import { entryText } from '../state/log.ts'
import { auditView, eventsView, logView } from '../tables/view.ts'
import type { App, Handler } from './app.ts'
import { tellDialog } from './perform.ts'
import { selectedConnection, selectedUser } from './selection.ts'

/** Opening all about a row, and what is done there. */
export const detailHandlers = {
  detail: (app) => {
    const selected = selectedConnection(app.store.state)
    if ('problem' in selected) return app.store.announce(selected.problem, 'bad')
    app.store.dispatch({ type: 'follow', followed: follow(selected.row, Date.now()) })
    tellDialog(app, { do: 'open', dialog: { kind: 'detail', id: selected.row.id } })
  },
  openUser: (app) => {
    const selected = selectedUser(app.store.state)
    if ('problem' in selected) return app.store.announce(selected.problem, 'bad')
    tellDialog(app, { do: 'open', dialog: { kind: 'user', name: selected.row.name, range: '15m' } })
    app.daemon.look()
  },
  userConnections: (app) => {
    const selected = selectedUser(app.store.state)
    if ('problem' in selected) return app.store.announce(selected.problem, 'bad')
    const { store } = app
    tellDialog(app, { do: 'close' })
    store.dispatch({ type: 'page', page: 'connections' })
    store.dispatch({ type: 'show', shows: 0 })
    const event = { do: 'setFilter', filter: fieldWord('user', selected.row.name) } as const
    store.dispatch({ type: 'list', page: 'connections', event })
  },
  userLonger: (app) => changeRange(app, 1),
  userShorter: (app) => changeRange(app, -1),
  entry: (app) => {
    const { rows, cursor } = logView(app.store.state)
    const entry = rows[cursor]
    if (!entry) return
    const heading = `${formatTime(entry.time)}  ${entry.level}  no. ${entry.seq}`
    tellDialog(app, { do: 'open', dialog: { kind: 'entry', heading, text: entryText(entry) } })
  },
  event: (app) => {
    const { rows, cursor } = eventsView(app.store.state)
    const event = rows[cursor]
    if (!event) return
    const { time, level, kind, text, user, source, destination, count } = event
    const heading = `${formatTime(time)}  ${level}  ${eventKindWords(kind)}`
    const facts = Object.entries({ who: user, from: source, to: destination, times: count > 1 ? count : null })
    const told = facts.flatMap(([name, value]) => (value ? [`${name} ${value}`] : []))
    tellDialog(app, { do: 'open', dialog: { kind: 'entry', heading, text: [text, ...told].join('; ') } })
  },
  auditEntry: (app) => {
    const { rows, cursor } = auditView(app.store.state)
    const entry = rows[cursor]
    if (!entry) return
    const { time, by, role, from, node, outcome } = entry
    const where = node === undefined ? from : `${from} on ${node}`
    const heading = [formatTime(time), by ?? '-', role, where, outcome].join('  ')
    tellDialog(app, { do: 'open', dialog: { kind: 'entry', heading, text: whatOf(entry) } })
  },
} satisfies Record<string, Handler>

function changeRange(app: App, by: number): void {
  const { dialog } = app.store.state
  if (dialog?.kind !== 'user') return
  const range = ranges[ranges.indexOf(dialog.range) + by]
  if (range) tellDialog(app, { do: 'range', range })
}
