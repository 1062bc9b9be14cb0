import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { listPage } from '../state/pages.ts'
import type { State } from '../state/state.ts'
import { auditTable, sessionsTable } from '../tables/management-tables.ts'
import { operatorsTable } from '../tables/tables.ts'
import { auditView, operatorsView, sessionsView } from '../tables/view.ts'
import { ListTable, listSummary } from './list-pages.tsx'

/** Who may manage the daemon by name, who is logged in to do so, or what they have done. */
export function OperatorsPage({ state }: { readonly state: State }): ReactElement {
  switch (listPage(state)) {
    case 'sessions':
      return <Sessions state={state} />
    case 'audit':
      return <Audit state={state} />
    default:
      return <Operators state={state} />
  }
}

function Operators({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = operatorsView(state)
  const { columns: width } = state.size
  const nobody =
    state.operators?.length === 0 ? ': on this machine, whoever may read the cookie or open the socket' : ''
  return (
    <>
      <Line text={listSummary('operators', view, state.lists.operators, look) + nobody} width={width} />
      <ListTable state={state} page="operators" spec={operatorsTable} view={view} />
    </>
  )
}

function Sessions({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = sessionsView(state)
  return (
    <>
      <Line text={listSummary('management connections', view, state.lists.sessions, look)} width={state.size.columns} />
      <ListTable state={state} page="sessions" spec={sessionsTable} view={view} />
    </>
  )
}

function Audit({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = auditView(state)
  const what = "that operators did last; ':audit' tells more"
  return (
    <>
      <Line text={listSummary(what, view, state.lists.audit, look)} width={state.size.columns} />
      <ListTable
        state={state}
        page="audit"
        spec={auditTable}
        view={view}
        style={({ outcome }) => (outcome === 'ok' ? {} : look.theme.warning)}
      />
    </>
  )
}
