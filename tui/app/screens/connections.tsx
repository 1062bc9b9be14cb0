import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Table } from '../components/table.tsx'
import { pageRows } from '../layout.ts'
import { isStale, listPage, type State } from '../store/state.ts'
import { closedView, connectionsView, markedIds } from '../store/view.ts'
import { closedTable } from '../tables/closed-table.ts'
import { connectionsTable } from '../tables/connections-table.ts'
import { formatOf } from './format-of.ts'
import { listSummary } from './list-summary.ts'

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
      <Table
        spec={connectionsTable}
        view={view}
        sort={list.sort}
        columns={list.columns}
        marked={marked}
        format={formatOf(state, look)}
        width={state.size.columns}
        height={pageRows(state) - 1}
        dim={isStale(state)}
      />
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
      <Table
        spec={closedTable}
        view={view}
        sort={list.sort}
        columns={list.columns}
        format={formatOf(state, look)}
        width={state.size.columns}
        height={pageRows(state) - 1}
        dim={isStale(state)}
      />
    </>
  )
}
