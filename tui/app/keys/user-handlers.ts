import { ranges, type User } from '../../../shared/protocol/methods.ts'
import type { Action } from '../link/action.ts'
import { connections } from '../link/perform.ts'
import { passwordForm, userForm } from '../store/dialogs.ts'
import type { State } from '../store/state.ts'
import { usersView } from '../store/view.ts'
import { fieldWord } from '../tables/filter-words.ts'
import type { App, Handler } from './app.ts'
import { confirm, performAndTell, tellDialog } from './tell-dialog.ts'

/** What is done about users, on their page and in the detail of one. */
export const userHandlers = {
  openUser: (app) =>
    withUser(app, ({ name }) => {
      tellDialog(app, { do: 'open', dialog: { kind: 'user', name, range: '15m' } })
      app.daemon.look()
    }),
  userConnections: (app) =>
    withUser(app, ({ name }) => {
      tellDialog(app, { do: 'close' })
      app.store.dispatch({ type: 'page', page: 'connections' })
      app.store.dispatch({ type: 'showClosed', shows: false })
      const event = { do: 'setFilter', filter: fieldWord('user', name) } as const
      app.store.dispatch({ type: 'list', page: 'connections', event })
    }),
  userLonger: (app) => changeRange(app, 1),
  userShorter: (app) => changeRange(app, -1),
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
    withUser(app, ({ name, enabled }) => {
      if (enabled) askToDisable(app, { do: 'setEnabled', name, enabled: false })
      else performAndTell(app, { do: 'setEnabled', name, enabled: true })
    }),
  cutUser: (app) =>
    withUser(app, ({ name, connections: live }) => {
      if (live === 0) return app.store.announce(`${name} has no connection`, 'bad')
      confirm(app, {
        question: `Cut ${connections(live)} of ${name}?`,
        facts: ['They may come back at once: disabling keeps them out.'],
        verb: `Cut ${live}`,
        action: { do: 'cutUser', name },
      })
    }),
} satisfies Record<string, Handler>

function changeRange(app: App, by: number): void {
  const { dialog } = app.store.state
  if (dialog?.kind !== 'user') return
  const range = ranges[ranges.indexOf(dialog.range) + by]
  if (range) tellDialog(app, { do: 'range', range })
}

/** Ask before a user is kept out: their connections are cut. */
export function askToDisable(app: App, action: Extract<Action, { do: 'setEnabled' }>): void {
  const row = app.store.state.users.rows?.find(({ user }) => user.name === action.name)
  confirm(app, {
    question: `Disable user ${action.name}?`,
    facts: [`They cannot log in until enabled again; ${connections(row?.user.connections ?? 0)} will be cut.`],
    verb: 'Disable',
    action,
  })
}

/** What deleting the last user does to everyone else. */
function ifLast(state: State): string[] {
  if (usersView(state).total !== 1) return []
  if (!state.status) return ['It is the last user: from then on it may be that no password is required.']
  return state.status.lastUserOpens ? ['It is the last user: from then on no password is required.'] : []
}

/** The user whose detail is open, else the one under the cursor. */
function withUser(app: App, use: (user: User) => void): void {
  const { dialog, users } = app.store.state
  const { rows, cursor } = usersView(app.store.state)
  const opened = dialog?.kind === 'user' ? users.rows?.find(({ user }) => user.name === dialog.name) : rows[cursor]
  if (opened) use(opened.user)
  else app.store.announce(dialog?.kind === 'user' ? `${dialog.name} is gone` : 'nothing is selected', 'bad')
}
