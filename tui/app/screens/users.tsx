import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Table } from '../components/table.tsx'
import { pageRows } from '../layout.ts'
import { isStale, type State } from '../store/state.ts'
import { usersView } from '../store/view.ts'
import { usersTable } from '../tables/users-table.ts'
import { formatOf } from './format-of.ts'
import { listSummary } from './list-summary.ts'

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
      <Table
        spec={usersTable}
        view={view}
        sort={state.lists.users.sort}
        columns={state.lists.users.columns}
        format={formatOf(state, look)}
        width={width}
        height={pageRows(state) - 1}
        dim={isStale(state)}
      />
    </>
  )
}
