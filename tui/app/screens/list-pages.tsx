import type { ReactElement } from 'react'
import type { Setting } from '../../../shared/protocol/methods.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Table } from '../components/table.tsx'
import { adviceRows, tableRows } from '../state/layout.ts'
import type { ListState } from '../state/lists.ts'
import { type ListPage, listPage } from '../state/pages.ts'
import { daemonTime, isStale, type State } from '../state/state.ts'
import { accessTable } from '../tables/access-table.ts'
import type { Format } from '../tables/columns.ts'
import { connectionsTable } from '../tables/connections-table.ts'
import { sumsTable } from '../tables/sums-table.ts'
import type { TableSpec } from '../tables/table-spec.ts'
import { settingAdvice, settingsTable } from '../tables/tables.ts'
import { accessView, connectionsView, markedIds, settingsView, sumsView, type View } from '../tables/view.ts'
import { wrapText } from '../text/fit.ts'
import type { Look } from '../themes/look.ts'
import type { Style } from '../themes/theme.ts'

interface ListTableProps<Row> {
  readonly state: State
  readonly page: ListPage
  readonly spec: TableSpec<Row>
  readonly view: View<Row>
  readonly marked?: ReadonlySet<string>
  /** What is shown is old; unless told, it is while nothing is heard of the daemon. */
  readonly dim?: boolean
  style?(row: Row): Style
}

/** The table of a page, in the order and with the columns that the person has chosen. */
export function ListTable<Row>({ state, page, ...rest }: ListTableProps<Row>): ReactElement {
  const look = useLook()
  const { sort, columns } = state.lists[page]
  return (
    <Table
      dim={isStale(state)}
      {...rest}
      sort={sort}
      columns={columns}
      format={formatOf(state, look)}
      width={state.size.columns}
      height={1 + tableRows(state)}
    />
  )
}

/** ` 12/345 connections   filter: dst:example`: how many are shown of how many, and why; where to learn more if none is. */
export function listSummary(what: string, view: View<unknown>, list: ListState, look: Look): string {
  const filter = list.filter === '' ? '' : `   filter: ${look.text(list.filter)}`
  const problem = view.problem === null ? '' : `   (${look.text(view.problem)})`
  const none = view.rows.length === 0 && view.total > 0 && list.typing === null ? '   ? tells how to filter' : ''
  return ` ${view.rows.length}/${view.total} ${what}${filter}${problem}${none}`
}

/** How cells are written in this state on this terminal. */
export function formatOf(state: State, look: Look): Format {
  return { now: daemonTime(state), rateUnit: state.rateUnit, unicode: look.unicode, text: look.text }
}

/** The connections: those that live, their sums, or those that ended. */
export function ConnectionsPage({ state }: { readonly state: State }): ReactElement {
  switch (listPage(state)) {
    case 'access':
      return <Ended state={state} />
    case 'sums':
      return <Sums state={state} />
    default:
      return <Live state={state} />
  }
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

/** The live connections that their page shows, summed up. */
function Sums({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = sumsView(state)
  const { filter } = state.lists.connections
  const among = filter === '' ? '' : ` of what ${look.text(filter)} shows`
  const paused = state.connections.frozen === null ? '' : '   PAUSED'
  return (
    <>
      <Line
        text={listSummary(`sums by ${state.grouping}${among}`, view, state.lists.sums, look) + paused}
        width={state.size.columns}
      />
      <ListTable state={state} page="sums" spec={sumsTable} view={view} />
    </>
  )
}

/** What became of connections, the newest first. */
function Ended({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = accessView(state)
  const { held, missed } = state.access
  const more = [held ? '   HELD' : '', missed > 0 ? `   ${missed} missed` : '']
  return (
    <>
      <Line
        text={listSummary('in the access log', view, state.lists.access, look) + more.join('')}
        width={state.size.columns}
      />
      <ListTable state={state} page="access" spec={accessTable} view={view} />
    </>
  )
}

/** `   5 chosen, 30 need a restart`. */
function countsOf(settings: readonly Setting[]): string {
  const chosen = settings.filter(({ source }) => source !== 'default').length
  return `   ${chosen} chosen, ${settings.filter(({ runtime }) => !runtime).length} need a restart`
}

/** What the daemon acts by, and why. */
export function SettingsPage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = settingsView(state)
  const { columns: width } = state.size
  const selected = view.rows[view.cursor]
  // A dialog leaves little room and tells the same.
  const advice = state.dialog
    ? []
    : wrapText(look.text(selected ? settingAdvice(selected) : ''), width - 2, adviceRows, look.ellipsis)
  return (
    <>
      <Line
        text={listSummary('settings', view, state.lists.settings, look) + countsOf(state.configuration?.settings ?? [])}
        width={width}
      />
      <ListTable state={state} page="settings" spec={settingsTable} view={view} />
      {advice.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={` ${line}`} width={width} {...look.theme.dim} />
      ))}
    </>
  )
}
