import type { ConnectionRow } from '../../../shared/filter/connection-fields.ts'
import { compileFilter } from '../../../shared/filter/filter.ts'
import type {
  AccessEntry,
  AuditEntry,
  Ban,
  EventEntry,
  FleetNode,
  Group,
  LogEntry,
  ManagementSession,
  Operator,
  Rule,
  Setting,
  UsageRow,
  Watch,
} from '../../../shared/protocol/methods.ts'
import type { Motion, Table } from '../state/connections.ts'
import { type DaemonRow, daemonRows } from '../state/daemons.ts'
import type { ListState, Sort } from '../state/lists.ts'
import { type ListPage, listPage } from '../state/pages.ts'
import { rememberLast } from '../state/remember-last.ts'
import type { State } from '../state/state.ts'
import { rates } from '../state/traffic.ts'
import type { UserRow } from '../state/users.ts'
import { accessTable } from './access-table.ts'
import { bansTable } from './bans-table.ts'
import { connectionsTable } from './connections-table.ts'
import { daemonsTable } from './daemons-table.ts'
import { eventsTable } from './events-table.ts'
import { groupsTable } from './groups-table.ts'
import { auditTable, sessionsTable } from './management-tables.ts'
import { nodesTable } from './nodes-table.ts'
import { type RuleRow, ruleRows, rulesTable } from './rules-table.ts'
import { type Sum, sumsTable, sumUp } from './sums-table.ts'
import { sortRows, type TableSpec } from './table-spec.ts'
import { logTable, operatorsTable, settingsTable } from './tables.ts'
import { usageTable } from './usage-table.ts'
import { usersTable } from './users-table.ts'
import { watchesTable } from './watches-table.ts'

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
    arrangeConnections(connectionRows(now, before, state.skew), ...wishes(state.lists.connections)),
    state.lists.connections,
  )
}

/** The sums of the connections that their page shows. */
export function sumsView(state: State): View<Sum> {
  const { rows } = connectionsView(state)
  return withCursor(arrangeSums(sumsOf(rows, state.grouping), ...wishes(state.lists.sums)), state.lists.sums)
}

export function accessView({ access, lists }: State): View<AccessEntry> {
  return withCursor(arrangeAccess(access.held ?? access.entries, ...wishes(lists.access)), lists.access)
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

export function eventsView({ events, lists }: State): View<EventEntry> {
  return withCursor(arrangeEvents(events.held ?? events.entries, ...wishes(lists.events)), lists.events)
}

export function settingsView({ configuration, lists }: State): View<Setting> {
  return withCursor(arrangeSettings(configuration?.settings ?? noSettings, ...wishes(lists.settings)), lists.settings)
}

export function operatorsView({ operators, lists }: State): View<Operator> {
  return withCursor(arrangeOperators(operators ?? noOperators, ...wishes(lists.operators)), lists.operators)
}

/** What the daemon looks out for. */
export function watchesView({ watches, lists }: State): View<Watch> {
  return withCursor(arrangeWatches(watches ?? noWatches, ...wishes(lists.watches)), lists.watches)
}

export function sessionsView({ sessions, lists }: State): View<ManagementSession> {
  return withCursor(arrangeSessions(sessions ?? noSessions, ...wishes(lists.sessions)), lists.sessions)
}

export function auditView({ audit, lists }: State): View<AuditEntry> {
  return withCursor(arrangeAudit(audit ?? noEntries, ...wishes(lists.audit)), lists.audit)
}

/** The rules in the order in which they are asked, unless the person wants another one. */
export function rulesView({ rules, lists }: State): View<RuleRow> {
  return withCursor(arrangeRules(rowsOfRules(rules?.rules ?? noRules), ...wishes(lists.rules)), lists.rules)
}

export function bansView({ bans, lists }: State): View<Ban> {
  return withCursor(arrangeBans(bans ?? noBans, ...wishes(lists.bans)), lists.bans)
}

export function usageView({ usage, lists }: State): View<UsageRow> {
  return withCursor(arrangeUsage(usage ?? noUsage, ...wishes(lists.usage)), lists.usage)
}

export function groupsView({ groups, lists }: State): View<Group> {
  return withCursor(arrangeGroups(groups ?? noGroups, ...wishes(lists.groups)), lists.groups)
}

/** The daemon that is shown is selected unless another one is. */
export function daemonsView({ daemons, clock, current, lists }: State): View<DaemonRow> {
  const arranged = arrangeDaemons(rowsOfDaemons(daemons, clock), ...wishes(lists.daemons))
  return withCursor(arranged, { selected: lists.daemons.selected ?? String(current) })
}

export function nodesView({ fleet, lists }: State): View<FleetNode> {
  return withCursor(arrangeNodes(fleet?.nodes ?? noNodes, ...wishes(lists.nodes)), lists.nodes)
}

/** The tables that are shown: those of now, or of when the person paused. */
function shownMotion({ connections }: State): Motion {
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

/** The ids of the connections that are marked and have not ended. */
export function markedIds({ connections, lists }: State): ReadonlySet<string> {
  return liveAmong(lists.connections.marked, connections.now)
}

const liveAmong = rememberLast(
  (ids: ReadonlySet<string>, { rows }: Table): ReadonlySet<string> => new Set([...ids].filter((id) => rows.has(id))),
)

/** When the selected row has gone, the cursor stays where it was: the row that stands there now is selected. */
export function settleCursor(before: State, after: State): State {
  const page = listPage(after)
  if (!page) return after
  const list = after.lists[page]
  const { ids } = viewOf(after, page)
  if (list.selected === null || ids.includes(list.selected)) return after
  const at = Math.min(viewOf(before, page).cursor, ids.length - 1)
  return { ...after, lists: { ...after.lists, [page]: { ...list, selected: ids[at] ?? null } } }
}

const views: Readonly<Record<ListPage, (state: State) => View<unknown>>> = {
  connections: connectionsView,
  access: accessView,
  sums: sumsView,
  users: usersView,
  groups: groupsView,
  usage: usageView,
  rules: rulesView,
  bans: bansView,
  log: logView,
  events: eventsView,
  settings: settingsView,
  operators: operatorsView,
  sessions: sessionsView,
  watches: watchesView,
  audit: auditView,
  daemons: daemonsView,
  nodes: nodesView,
}

const noUsers: readonly UserRow[] = []
const noRules: readonly Rule[] = []
const noBans: readonly Ban[] = []
const noGroups: readonly Group[] = []
const noUsage: readonly UsageRow[] = []
const noSettings: readonly Setting[] = []
const noOperators: readonly Operator[] = []
const noSessions: readonly ManagementSession[] = []
const noWatches: readonly Watch[] = []
const noNodes: readonly FleetNode[] = []
const noEntries: readonly AuditEntry[] = []

/** `skew`: milliseconds by which the daemon's clock is ahead. */
const connectionRows = rememberLast((now: Table, before: Table, skew: number): ConnectionRow[] => {
  const span = now.at - before.at
  return Array.from(now.rows.values(), (connection) => {
    const earlier = before.rows.get(connection.id) ?? (span > 0 ? none : connection)
    const age = Math.max(0, now.at + skew - connection.opened)
    return { connection, rate: rates(earlier, connection, span), age, idle: now.at - connection.movedAt }
  })
})

/** What a connection had moved before it was there. */
const none = { up: 0, down: 0 }

const rowsOfDaemons = rememberLast(daemonRows)
const arrangeDaemons = rememberLast(arrange(daemonsTable))
const arrangeConnections = rememberLast(arrange(connectionsTable))
const sumsOf = rememberLast(sumUp)
const arrangeSums = rememberLast(arrange(sumsTable))
const arrangeAccess = rememberLast(arrange(accessTable))
const arrangeUsers = rememberLast(arrange(usersTable))
const arrangeGroups = rememberLast(arrange(groupsTable))
const arrangeUsage = rememberLast(arrange(usageTable))
const rowsOfRules = rememberLast(ruleRows)
const arrangeRules = rememberLast(arrange(rulesTable))
const arrangeBans = rememberLast(arrange(bansTable))
const arrangeLog = rememberLast(arrange(logTable))
const arrangeEvents = rememberLast(arrange(eventsTable))
const arrangeSettings = rememberLast(arrange(settingsTable))
const arrangeOperators = rememberLast(arrange(operatorsTable))
const arrangeSessions = rememberLast(arrange(sessionsTable))
const arrangeWatches = rememberLast(arrange(watchesTable))
const arrangeNodes = rememberLast(arrange(nodesTable))
const arrangeAudit = rememberLast(arrange(auditTable))

type Arranged<Row> = Omit<View<Row>, 'cursor'>

function arrange<Row>(spec: TableSpec<Row>) {
  return (all: readonly Row[], filter: string, typed: boolean, sort: Sort): Arranged<Row> => {
    const { matches, problem } = compileFilter(spec, filter, typed)
    const rows = sortRows(spec, matches && filter !== '' ? all.filter(matches) : all, sort)
    return { rows, ids: rows.map(spec.id), total: all.length, problem }
  }
}

function wishes({ filter, typing, sort }: ListState): [filter: string, typed: boolean, sort: Sort] {
  return [filter, typing !== null, sort]
}

function withCursor<Row>(arranged: Arranged<Row>, { selected }: Pick<ListState, 'selected'>): View<Row> {
  const at = selected === null ? 0 : arranged.ids.indexOf(selected)
  return { ...arranged, cursor: Math.max(0, at) }
}
