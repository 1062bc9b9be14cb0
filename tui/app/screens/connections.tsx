import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { listPage } from '../store/pages.ts'
import type { State } from '../store/state.ts'
import { closedView, connectionsView, markedIds } from '../store/view.ts'
import { closedTable } from '../tables/closed-table.ts'
import { connectionsTable } from '../tables/connections-table.ts'
import { listSummary } from './list-summary.ts'
import { ListTable } from './list-table.tsx'

/** The connections: those that live, or those that ended last. */
export function ConnectionsPage({ state }: { readonly state: State }): ReactElement {
  return listPage(state) === 'closed' ? <Closed state={state} /> : <Live state={state} />
}

function Live({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = connectionsView(state)
  const list = state.lists.connections
  const marked = markedIds(state)
  const more = [marked.size > 0 ? `   ${marked.size} marked` : '', state.connections.frozen === null ? '' : '   PAUSED']
  return (
    <>
      <Line text={listSummary('connections', view, list, look) + more.join('')} width={state.size.columns} />
      <ListTable state={state} page="connections" spec={connectionsTable} view={view} marked={marked} />
    </>
  )
}

function Closed({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = closedView(state)
  const list = state.lists.closed
  return (
    <>
      <Line text={listSummary('that ended last, c: live', view, list, look)} width={state.size.columns} />
      <ListTable state={state} page="closed" spec={closedTable} view={view} />
    </>
  )
}
