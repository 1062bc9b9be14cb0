import { connections } from '../link/perform.ts'
import { passwordForm, userForm } from '../store/dialogs.ts'
import type { State } from '../store/state.ts'
import { connectionsView, selectedId, usersView } from '../store/view.ts'
import type { App, Handler } from './app.ts'
import { confirm, performAndTell, tellDialog } from './tell-dialog.ts'

/** What changes something at the daemon, and the dialogs that ask before. */
export const deedHandlers = {
  pause: ({ store }) => store.dispatch({ type: 'pause' }),
  detail: (app) => {
    const id = selectedId(app.store.state, 'connections')
    if (id !== null) tellDialog(app, { do: 'open', dialog: { kind: 'detail', id } })
  },
  kill: (app) => killOne(app),
  killShown: (app) => killShown(app),
  addUser: (app) => tellDialog(app, { do: 'open', dialog: userForm() }),
  setPassword: (app) =>
    withUser(app, ({ name }) => tellDialog(app, { do: 'open', dialog: passwordForm('setPassword', name) })),
  deleteUser: (app) =>
    withUser(app, ({ name, connections: live }) =>
      confirm(app, {
        question: `Delete user ${name}?`,
        facts: [`They cannot log in again; ${connections(live)} will be cut.`, ...ifLast(app.store.state)],
        verb: 'Delete',
        action: { do: 'removeUser', name },
      }),
    ),
  toggleUser: (app) =>
    withUser(app, ({ name, enabled, connections: live }) => {
      if (!enabled) return performAndTell(app, { do: 'setEnabled', name, enabled: true })
      confirm(app, {
        question: `Disable user ${name}?`,
        facts: [`They cannot log in until enabled again; ${connections(live)} will be cut.`],
        verb: 'Disable',
        action: { do: 'setEnabled', name, enabled: false },
      })
    }),
} satisfies Record<string, Handler>

const nothingSelected = 'nothing is selected'

/** What deleting the last user does to everyone else. */
function ifLast(state: State): string[] {
  if (usersView(state).total !== 1) return []
  if (!state.status) return ['It is the last user: from then on it may be that no password is required.']
  return state.status.lastUserOpens ? ['It is the last user: from then on no password is required.'] : []
}

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

type SelectedUser = ReturnType<typeof usersView>['rows'][number]['user']

function withUser(app: App, use: (user: SelectedUser) => void): void {
  const { rows, cursor } = usersView(app.store.state)
  const user = rows[cursor]?.user
  if (user) use(user)
  else app.store.announce(nothingSelected, 'bad')
}
