import type { Kind } from '../../../shared/commands/verb.ts'
import type { Connection, Operator, Setting, User } from '../../../shared/protocol/methods.ts'
import { connectionOf } from '../state/access.ts'
import { overlayOf } from '../state/dialogs.ts'
import { listPage } from '../state/pages.ts'
import type { State } from '../state/state.ts'
import { accessView, connectionsView, operatorsView, settingsView, usersView } from '../tables/view.ts'

/** What a key is about: what is shown closely, else the row under the cursor; or why there is none. */
export type Selected<Row> = { readonly row: Row } | { readonly problem: string }

const nothing = { problem: 'nothing is selected' }

/** What names the selected one of a kind that a verb takes. */
export function selectedName(state: State, kind: Kind): Selected<string> {
  switch (kind) {
    case 'user':
      return named(selectedUser(state), ({ name }) => name)
    case 'operator':
      return named(selectedOperator(state), ({ name }) => name)
    case 'connection':
    case 'connectionOrUser':
      return named(liveConnection(state), ({ id }) => id)
    default:
      return nothing
  }
}

export function selectedUser(state: State): Selected<User> {
  const { dialog, users } = state
  if (dialog?.kind === 'user') {
    const opened = users.rows?.find(({ user }) => user.name === dialog.name)
    return opened ? { row: opened.user } : { problem: `${dialog.name} is gone` }
  }
  const { rows, cursor } = usersView(state)
  const row = rows[cursor]
  return row ? { row: row.user } : nothing
}

export function selectedOperator(state: State): Selected<Operator> {
  const { rows, cursor } = operatorsView(state)
  const row = rows[cursor]
  return row ? { row } : nothing
}

/** A connection, live or ended. */
export function selectedConnection(state: State): Selected<Connection> {
  const row = connectionRow(state)
  return row ? { row } : nothing
}

/** A setting, if it can change while the daemon runs. */
export function selectedSetting(state: State): Selected<{ setting: Setting; revision: number }> {
  const { rows, cursor } = settingsView(state)
  const setting = rows[cursor]
  if (!setting || !state.configuration) return nothing
  if (setting.runtime) return { row: { setting, revision: state.configuration.revision } }
  return { problem: `${setting.name} acts at start only: set it in the config file or by flag` }
}

function liveConnection(state: State): Selected<Connection> {
  const isOver = overlayOf(state.dialog)?.kind === 'detail' && state.followed?.end
  return isOver ? { problem: 'that connection has ended' } : selectedConnection(state)
}

function connectionRow(state: State): Connection | undefined {
  if (overlayOf(state.dialog)?.kind === 'detail') return state.followed?.connection
  if (listPage(state) === 'access') {
    const { rows, cursor } = accessView(state)
    const entry = rows[cursor]
    return entry && connectionOf(entry)
  }
  const { rows, cursor } = connectionsView(state)
  return rows[cursor]?.connection
}

function named<Row>(selected: Selected<Row>, nameOf: (row: Row) => string): Selected<string> {
  return 'row' in selected ? { row: nameOf(selected.row) } : selected
}
