import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Table } from '../components/table.tsx'
import { pageRows } from '../layout.ts'
import { isStale, type State } from '../store/state.ts'
import { operatorsView } from '../store/view.ts'
import { operatorsTable } from '../tables/operators-table.ts'
import { formatOf } from './format-of.ts'
import { listSummary } from './list-summary.ts'

/** Who may manage the daemon by name. */
export function OperatorsPage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = operatorsView(state)
  const { columns: width } = state.size
  const nobody =
    state.operators?.length === 0 ? ': on this machine, whoever may read the cookie or open the socket' : ''
  return (
    <>
      <Line text={listSummary('operators', view, state.lists.operators, look) + nobody} width={width} />
      <Table
        spec={operatorsTable}
        view={view}
        sort={state.lists.operators.sort}
        columns={state.lists.operators.columns}
        format={formatOf(state, look)}
        width={width}
        height={pageRows(state) - 1}
        dim={isStale(state)}
      />
    </>
  )
}
