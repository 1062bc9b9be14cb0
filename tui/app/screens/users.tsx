import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import type { State } from '../store/state.ts'
import { usersView } from '../store/view.ts'
import { usersTable } from '../tables/users-table.ts'
import { listSummary } from './list-summary.ts'
import { ListTable } from './list-table.tsx'

/** Who may use the proxy. */
export function UsersPage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = usersView(state)
  const { columns: width } = state.size
  const access =
    state.status && (state.status.passwordRequired ? '   a password is required' : '   no password is required')
  return (
    <>
      <Line text={listSummary('users', view, state.lists.users, look) + (access ?? '')} width={width} />
      <ListTable state={state} page="users" spec={usersTable} view={view} />
    </>
  )
}
