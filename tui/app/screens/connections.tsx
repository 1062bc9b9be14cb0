import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Table } from '../components/table.tsx'
import { pageRows } from '../layout.ts'
import { lackOfRights } from '../store/rights.ts'
import { isStale, type State } from '../store/state.ts'
import { connectionsView, shownMotion } from '../store/view.ts'
import { connectionsTable } from '../tables/connections-table.ts'
import { formatOf } from './format-of.ts'
import { listSummary } from './list-summary.ts'

/** The live connections. */
export function ConnectionsPage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = connectionsView(state)
  const { columns: width } = state.size
  const lack = lackOfRights(state, 'operator')
  if (lack !== null) return <Line text={` The connections are ${lack}.`} width={width} />
  const paused = state.connections.frozen !== null
  const now = shownMotion(state).now.at + state.skew
  return (
    <>
      <Line
        text={listSummary('connections', view, state.lists.connections, look) + (paused ? '   PAUSED' : '')}
        width={width}
      />
      <Table
        spec={connectionsTable}
        view={view}
        sort={state.lists.connections.sort}
        format={{ ...formatOf(state, look), now }}
        width={width}
        height={pageRows(state) - 1}
        dim={isStale(state)}
      />
    </>
  )
}
