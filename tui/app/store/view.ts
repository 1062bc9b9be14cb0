import type { LogEntry, Operator, Setting } from '../../../shared/protocol/methods.ts'
import { type ConnectionRow, connectionsTable } from '../tables/connections-table.ts'
import { compileFilter } from '../tables/filter.ts'
import { logTable } from '../tables/log-table.ts'
import { operatorsTable } from '../tables/operators-table.ts'
import { settingsTable } from '../tables/settings-table.ts'
import { type Sort, sortRows, type TableSpec } from '../tables/table.ts'
import { type UserRow, usersTable } from '../tables/users-table.ts'
import type { Motion, Table } from './connections.ts'
import type { ListState } from './lists.ts'
import { rememberLast } from './remember-last.ts'
import type { ListPage, State } from './state.ts'
import { rates } from './traffic.ts'

/** A table as it is to be shown. */
export interface View<Row> {
  /** Filtered and in order, and their ids. */
  readonly rows: readonly Row[]
  readonly ids: readonly string[]
  /** How many there are without the filter. */
  readonly total: number
  /** What is wrong with the filter; all rows are shown then. */
  readonly problem: string | null
  /** Where the selected row stands; 0 if it is not there. */
  readonly cursor: number
}

export function connectionsView(state: State): View<ConnectionRow> {
  const { now, before } = shownMotion(state)
  return withCursor(
    arrangeConnections(connectionRows(now, before), ...wishes(state.lists.connections)),
    state.lists.connections,
  )
}

export function usersView(state: State): View<UserRow> {
  return withCursor(arrangeUsers(state.users.rows ?? noUsers, ...wishes(state.lists.users)), state.lists.users)
}

/** The newest entry is selected unless another one is. */
export function logView({ log, lists }: State): View<LogEntry> {
  const arranged = arrangeLog(log.held ?? log.entries, ...wishes(lists.log))
  const { selected } = lists.log
  return withCursor(arranged, { selected: selected ?? arranged.ids.at(-1) ?? null })
}

export function settingsView({ configuration, lists }: State): View<Setting> {
  return withCursor(arrangeSettings(configuration?.settings ?? noSettings, ...wishes(lists.settings)), lists.settings)
}

export function operatorsView({ operators, lists }: State): View<Operator> {
  return withCursor(arrangeOperators(operators ?? noOperators, ...wishes(lists.operators)), lists.operators)
}

/** The tables that are shown: those of now, or of when the person paused. */
export function shownMotion({ connections }: State): Motion {
  return connections.frozen ?? connections
}

/** The id of the row under a page's cursor; null if there is none. */
export function selectedId(state: State, page: ListPage): string | null {
  const { ids, cursor } = viewOf(state, page)
  return ids[cursor] ?? null
}

export function viewOf(state: State, page: ListPage): View<unknown> {
  return views[page](state)
}

/** When the selected row has gone, the cursor stays where it was: the row that stands there now is selected. */
export function settleCursor(before: State, after: State): State {
  const { page } = after
  if (page === 'overview') return after
  const list = after.lists[page]
  const { ids } = viewOf(after, page)
  if (list.selected === null || ids.includes(list.selected)) return after
  const at = Math.min(viewOf(before, page).cursor, ids.length - 1)
  return { ...after, lists: { ...after.lists, [page]: { ...list, selected: ids[at] ?? null } } }
}

const views: Readonly<Record<ListPage, (state: State) => View<unknown>>> = {
  connections: connectionsView,
  users: usersView,
  log: logView,
  settings: settingsView,
  operators: operatorsView,
}

const noUsers: readonly UserRow[] = []
const noSettings: readonly Setting[] = []
const noOperators: readonly Operator[] = []

const connectionRows = rememberLast((now: Table, before: Table): ConnectionRow[] => {
  const span = now.at - before.at
  return [...now.rows.values()].map((connection) => {
    const earlier = before.rows.get(connection.id) ?? (span > 0 ? none : connection)
    return { connection, rate: rates(earlier, connection, span) }
  })
})

/** What a connection had moved before it was there. */
const none = { up: 0, down: 0 }

const arrangeConnections = rememberLast(arrange(connectionsTable))
const arrangeUsers = rememberLast(arrange(usersTable))
const arrangeLog = rememberLast(arrange(logTable))
const arrangeSettings = rememberLast(arrange(settingsTable))
const arrangeOperators = rememberLast(arrange(operatorsTable))

type Arranged<Row> = Omit<View<Row>, 'cursor'>

function arrange<Row>(spec: TableSpec<Row>) {
  return (all: readonly Row[], filter: string, sort: Sort): Arranged<Row> => {
    const { matches, problem } = compileFilter(spec, filter)
    const rows = sortRows(spec, matches ? all.filter(matches) : all, sort)
    return { rows, ids: rows.map(spec.id), total: all.length, problem }
  }
}

function wishes({ filter, sort }: ListState): [filter: string, sort: Sort] {
  return [filter, sort]
}

function withCursor<Row>(arranged: Arranged<Row>, { selected }: Pick<ListState, 'selected'>): View<Row> {
  const at = selected === null ? 0 : arranged.ids.indexOf(selected)
  return { ...arranged, cursor: Math.max(0, at) }
}
