import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { type DaemonRow, sumOf } from '../state/daemons.ts'
import { troubleRows } from '../state/layout.ts'
import { listPage } from '../state/pages.ts'
import type { State } from '../state/state.ts'
import { layOut, placeColumns, tableMargin } from '../tables/column-widths.ts'
import { daemonsTable } from '../tables/daemons-table.ts'
import { columnsShown } from '../tables/table-spec.ts'
import { daemonsView } from '../tables/view.ts'
import { wrapText } from '../text/fit.ts'
import { FleetPage } from './fleet-page.tsx'
import { formatOf, ListTable, listSummary } from './list-pages.tsx'

/** The daemons that the app knows, or the nodes of the fleet. */
export function DaemonsPage({ state }: { readonly state: State }): ReactElement {
  return listPage(state) === 'nodes' ? <FleetPage state={state} /> : <SideBySide state={state} />
}

/** All daemons side by side, their sum, and what is wrong with the selected one. */
function SideBySide({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = daemonsView(state)
  const { sort, columns } = state.lists.daemons
  const { columns: width } = state.size
  const format = formatOf(state, look)
  const placed = placeColumns(columnsShown(daemonsTable.columns, columns, width), width - tableMargin, sort.column)
  const sum = layOut(placed, ({ cell }, width) => cell(sumOf(view.rows), format, width), look.ellipsis)
  return (
    <>
      <Line text={listSummary('daemons', view, state.lists.daemons, look)} width={width} />
      <ListTable
        state={state}
        page="daemons"
        spec={daemonsTable}
        view={view}
        dim={false}
        style={({ trouble }) => (trouble === null ? {} : look.theme.bad)}
      />
      <Line text={` ${sum}`} width={width} {...look.theme.columns} />
      <Trouble row={view.rows[view.cursor]} width={width} />
    </>
  )
}

function Trouble({ row, width }: { readonly row: DaemonRow | undefined; readonly width: number }): ReactElement | null {
  const look = useLook()
  if (!row) return null
  const wrong = row.trouble ?? row.alarms.join('; ')
  if (wrong === '') return null
  const lines = wrapText(look.text(`${row.place}: ${wrong}`), width - 1, troubleRows, look.ellipsis)
  return (
    <>
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={` ${line}`} width={width} {...look.theme.alarm} />
      ))}
    </>
  )
}
