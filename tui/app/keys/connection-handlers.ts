import type { Connection } from '../../../shared/protocol/methods.ts'
import { connections } from '../link/perform.ts'
import { coverOf } from '../store/dialogs.ts'
import { follow } from '../store/followed.ts'
import { listPage, type State } from '../store/state.ts'
import { closedView, connectionsView, markedIds } from '../store/view.ts'
import type { App, Handler } from './app.ts'
import { tell } from './list-handlers.ts'
import { confirm, tellDialog } from './tell-dialog.ts'

/** What is done about connections, on their page and in the detail of one. */
export const connectionHandlers = {
  pause: ({ store }) => store.dispatch({ type: 'pause' }),
  showClosed: ({ store }) => store.dispatch({ type: 'showClosed', shows: !store.state.showsClosed }),
  detail: (app) => {
    const row = connectionUnderCursor(app.store.state)
    if (!row) return app.store.announce(nothingSelected, 'bad')
    app.store.dispatch({ type: 'follow', followed: follow(row, Date.now()) })
    tellDialog(app, { do: 'open', dialog: { kind: 'detail', id: row.id } })
  },
  clearFilterOrMarks: (app) => {
    const isFiltered = app.store.state.lists.connections.filter !== ''
    tell(app, isFiltered ? { do: 'clearFilter' } : { do: 'mark', ids: new Set() })
  },
  clearFilterOrLeave: (app) => {
    if (app.store.state.lists.closed.filter !== '') tell(app, { do: 'clearFilter' })
    else app.store.dispatch({ type: 'showClosed', shows: false })
  },
  kill: (app) => killOne(app),
  killShown: (app) => {
    if (markedIds(app.store.state).size > 0) killMarked(app)
    else killShown(app)
  },
  mark: (app) => {
    const { state } = app.store
    const { ids, cursor } = connectionsView(state)
    const [id, below] = [ids[cursor], ids[cursor + 1]]
    if (id === undefined) return app.store.announce(nothingSelected, 'bad')
    const marked = new Set(markedIds(state))
    if (!marked.delete(id)) marked.add(id)
    tell(app, { do: 'mark', ids: marked })
    tell(app, { do: 'select', id: below ?? id })
  },
  markAll: (app) => {
    const { state } = app.store
    const { ids } = connectionsView(state)
    const marked = new Set(markedIds(state))
    const areAll = ids.every((id) => marked.has(id))
    for (const id of ids) areAll ? marked.delete(id) : marked.add(id)
    tell(app, { do: 'mark', ids: marked })
  },
} satisfies Record<string, Handler>

const nothingSelected = 'nothing is selected'

/** Connections named before a deed. */
const named = 3

/** The connection that a key is about, live or ended: that of the detail, or the row under the cursor. */
export function connectionUnderCursor(state: State): Connection | undefined {
  const { followed } = state
  const cover = coverOf(state.dialog)
  if (cover?.kind === 'detail') return followed?.connection
  if (listPage(state) === 'closed') {
    const { rows, cursor } = closedView(state)
    return rows[cursor]
  }
  const { rows, cursor } = connectionsView(state)
  return rows[cursor]?.connection
}

function killOne(app: App): void {
  const { state } = app.store
  const row = connectionUnderCursor(state)
  if (!row) return app.store.announce(nothingSelected, 'bad')
  if (coverOf(state.dialog)?.kind === 'detail' && state.followed?.end)
    return app.store.announce('that connection has ended', 'bad')
  const { id, user, client, destination } = row
  confirm(app, {
    question: 'Cut this connection?',
    facts: [`from ${client}`, `to ${destination ?? 'nowhere yet'}`, user === null ? 'without login' : `of ${user}`],
    verb: 'Cut',
    action: { do: 'kill', ids: [id] },
  })
}

function killMarked(app: App): void {
  const { state } = app.store
  const ids = [...markedIds(state)]
  const shown = new Set(connectionsView(state).ids)
  const hidden = ids.filter((id) => !shown.has(id)).length
  confirm(app, {
    question: `Cut ${ids.length} marked of ${connections(state.connections.now.rows.size)}?`,
    facts: [...(hidden > 0 ? [`The filter hides ${hidden} of them.`] : []), ...nameSome(state, ids)],
    verb: `Cut ${ids.length}`,
    action: { do: 'kill', ids },
  })
}

function killShown(app: App): void {
  const { state } = app.store
  const { ids, total, problem } = connectionsView(state)
  if (ids.length === 0) return app.store.announce('no connection is shown', 'bad')
  if (problem) return app.store.announce('mend the filter first', 'bad')
  const { filter } = state.lists.connections
  confirm(app, {
    question: `Cut ${ids.length} of ${connections(total)}?`,
    facts: [filter ? `They match the filter: ${filter}` : 'No filter is set: these are all.', ...nameSome(state, ids)],
    verb: `Cut ${ids.length}`,
    action: { do: 'kill', ids },
  })
}

/** The first few of them, and how many more there are. */
function nameSome(state: State, ids: readonly string[]): string[] {
  const { rows } = (state.connections.frozen ?? state.connections).now
  const some = ids.slice(0, named).map((id) => {
    const row = rows.get(id)
    return row ? `${row.client} to ${row.destination ?? 'nowhere yet'}` : `connection ${id}`
  })
  return ids.length > named ? [...some, `and ${ids.length - named} more`] : some
}
