import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { listPage, type UsagePeriod } from '../state/pages.ts'
import type { State } from '../state/state.ts'
import { groupsTable } from '../tables/groups-table.ts'
import { usageTable } from '../tables/usage-table.ts'
import { usersTable } from '../tables/users-table.ts'
import { groupsView, usageView, usersView } from '../tables/view.ts'
import { ListTable, listSummary } from './list-pages.tsx'

/** Who may use the proxy, the groups that they are in, or what they moved. */
export function UsersPage({ state }: { readonly state: State }): ReactElement {
  switch (listPage(state)) {
    case 'groups':
      return <Groups state={state} />
    case 'usage':
      return <Usage state={state} />
    default:
      return <Users state={state} />
  }
}

function Groups({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = groupsView(state)
  return (
    <>
      <Line text={listSummary('groups', view, state.lists.groups, look)} width={state.size.columns} />
      <ListTable state={state} page="groups" spec={groupsTable} view={view} />
    </>
  )
}

function Users({ state }: { readonly state: State }): ReactElement {
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

function Usage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = usageView(state)
  const what = `that moved something in ${periodNames[state.usagePeriod]}`
  return (
    <>
      <Line text={listSummary(what, view, state.lists.usage, look)} width={state.size.columns} />
      <ListTable state={state} page="usage" spec={usageTable} view={view} />
    </>
  )
}

const periodNames: Readonly<Record<UsagePeriod, string>> = {
  '24h': 'the last 24 hours',
  '7d': 'the last 7 days',
  '31d': 'the last 31 days',
  '400d': 'the last 400 days',
}
