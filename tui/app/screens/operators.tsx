import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import type { State } from '../store/state.ts'
import { operatorsView } from '../store/view.ts'
import { operatorsTable } from '../tables/operators-table.ts'
import { listSummary } from './list-summary.ts'
import { ListTable } from './list-table.tsx'

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
      <ListTable state={state} page="operators" spec={operatorsTable} view={view} />
    </>
  )
}
