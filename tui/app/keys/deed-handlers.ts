import { connections } from '../link/perform.ts'
import { connectionsView, selectedId } from '../store/view.ts'
import type { App, Handler } from './app.ts'
import { confirm, tellDialog } from './tell-dialog.ts'

/** What is done about connections. */
export const deedHandlers = {
  pause: ({ store }) => store.dispatch({ type: 'pause' }),
  detail: (app) => {
    const id = selectedId(app.store.state, 'connections')
    if (id !== null) tellDialog(app, { do: 'open', dialog: { kind: 'detail', id } })
  },
  kill: (app) => killOne(app),
  killShown: (app) => killShown(app),
} satisfies Record<string, Handler>

const nothingSelected = 'nothing is selected'

function killOne(app: App): void {
  const { state } = app.store
  const { rows, ids, cursor } = connectionsView(state)
  const id = state.dialog?.kind === 'detail' ? state.dialog.id : ids[cursor]
  const row = rows.find(({ connection }) => connection.id === id)
  if (!row) return app.store.announce(id === undefined ? nothingSelected : 'that connection has ended', 'bad')
  const { user, client, destination } = row.connection
  confirm(app, {
    question: 'Cut this connection?',
    facts: [`from ${client}`, `to ${destination ?? 'nowhere yet'}`, user === null ? 'without login' : `of ${user}`],
    verb: 'Cut',
    action: { do: 'kill', ids: [row.connection.id] },
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
    facts: [filter ? `They match the filter: ${filter}` : 'No filter is set: these are all.'],
    verb: `Cut ${ids.length}`,
    action: { do: 'kill', ids },
  })
}
