import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import type { State } from '../state/state.ts'
import { layOut, placeColumns, tableMargin } from '../tables/column-widths.ts'
import { nodesTable, sumOfNodes, unsummed } from '../tables/nodes-table.ts'
import { columnsShown } from '../tables/table-spec.ts'
import { nodesView } from '../tables/view.ts'
import { formatOf, ListTable, listSummary } from './list-pages.tsx'

/** The nodes of the fleet that the daemon is one of, and their sum. */
export function FleetPage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = nodesView(state)
  const { sort, columns } = state.lists.nodes
  const { columns: width } = state.size
  const format = formatOf(state, look)
  const placed = placeColumns(columnsShown(nodesTable.columns, columns, width), width - tableMargin, sort.column)
  const total = sumOfNodes(view.rows)
  const sum = layOut(
    placed,
    ({ name, cell }, width) => (unsummed.has(name) ? '' : cell(total, format, width)),
    look.ellipsis,
  )
  return (
    <>
      <Line text={listSummary('nodes', view, state.lists.nodes, look) + standing(state)} width={width} />
      <ListTable state={state} page="nodes" spec={nodesTable} view={view} />
      <Line text={` ${sum}`} width={width} {...look.theme.columns} />
    </>
  )
}

/** `   this is a`; where the store does not answer, that. */
function standing({ fleet, status }: Pick<State, 'fleet' | 'status'>): string {
  const problem = status?.health.fleet?.problem ?? null
  return `${fleet ? `   this is ${fleet.node}` : ''}${problem === null ? '' : '   THE STORE DOES NOT ANSWER'}`
}
