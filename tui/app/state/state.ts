import type { Call } from '../../../shared/commands/verb.ts'
import type {
  AccessEntry,
  AuditEntry,
  Ban,
  ClosedConnection,
  Connection,
  EventEntry,
  FleetNode,
  Group,
  LogEntry,
  ManagementSession,
  Operator,
  Result,
  Role,
  Sample,
  UsageRow,
  User,
  Watch,
} from '../../../shared/protocol/methods.ts'
import type { ConnectionChange, UserChange } from '../../client/index.ts'
import type { Background } from '../terminal/background.ts'
import type { ThemeChoice } from '../themes/theme.ts'
import { type Access, noAccess } from './access.ts'
import { type CommandEvent, type CommandLine, noCommand } from './command-line.ts'
import { type Connections, noConnections } from './connections.ts'
import type { Dialog, DialogEvent } from './dialogs.ts'
import type { DoneCommand } from './done-commands.ts'
import { type Events, noEvents } from './events.ts'
import type { Details, Followed } from './followed.ts'
import type { Gap } from './gaps.ts'
import type { Graph, GraphWish } from './graph.ts'
import type { Link } from './link.ts'
import { type ListEvent, type ListState, listBy } from './lists.ts'
import { type Log, noLog } from './log.ts'
import { type OverviewChoice, type OverviewEvent, plainOverview } from './overview.ts'
import type { Grouping, ListPage, Page, UsagePeriod } from './pages.ts'
import type { Preferences } from './preferences.ts'
import type { Rules } from './rules.ts'
import { noToasts, type Toast, type Toasts } from './toasts.ts'
import { noTraffic, type Traffic } from './traffic.ts'
import { noUsers, type Users } from './users.ts'

export type Status = Result<'status.get'>
type Configuration = Result<'config.get'>

/** A node's view of its fleet. */
export interface Fleet {
  readonly node: string
  readonly nodes: readonly FleetNode[]
}

/** What is asked for while it is shown; null until then, or for who may not know. */
export interface Told {
  readonly configuration: Configuration | null
  readonly operators: readonly Operator[] | null
  readonly rules: Rules | null
  readonly bans: readonly Ban[] | null
  readonly groups: readonly Group[] | null
  /** What users moved in the period that is shown; the one that moved most comes first. */
  readonly usage: readonly UsageRow[] | null
  /** Who is logged in to manage the daemon. */
  readonly sessions: readonly ManagementSession[] | null
  /** What the daemon looks out for. */
  readonly watches: readonly Watch[] | null
  /** The fleet that the daemon is a node of: which one, and all of them. */
  readonly fleet: Fleet | null
  /** What operators did last, newest first. */
  readonly audit: readonly AuditEntry[] | null
  /** The connections that ended last, newest first. */
  readonly closed: readonly ClosedConnection[] | null
}

/** What is known of one daemon. */
export interface DaemonState extends Told {
  /** Where it is, in words. */
  readonly place: string
  readonly link: Link
  /** The start of the daemon that the data below is from. */
  readonly instance: string | null
  readonly status: Status | null
  /** What the person may be there; null until the first login. */
  readonly role: Role | null
  /** Whether the right to change anything there is given up. */
  readonly readOnly: boolean
  /** What this connection has shown that the daemon, being of another release, does not tell as it is known here. */
  readonly gaps: readonly Gap[]
  readonly traffic: Traffic
  /** Throughput over time, as it was shown. */
  readonly graphs: readonly Graph[]
  /** Since when, by the daemon's clock, its threads are late whenever they are looked at; null: they are not. */
  readonly lateSince: number | null
  readonly connections: Connections
  readonly users: Users
  readonly log: Log
  readonly access: Access
  readonly events: Events
  /** The connection that the person looked at last. */
  readonly followed: Followed | null
  /** Milliseconds by which the daemon's clock is ahead of this machine's. */
  readonly skew: number
}

/** What would undo the last change, and which of the daemons it is about. */
interface Undo {
  readonly call: Call
  readonly of: number
}

/** What the person has made of the screen, whichever daemon it shows. */
export interface UiState {
  /** Terminal columns and rows. */
  readonly size: { readonly columns: number; readonly rows: number }
  /** Which of the daemons is shown. */
  readonly current: number
  readonly page: Page
  /** Which list of the page is shown: 0 its own. */
  readonly shows: number
  readonly lists: Readonly<Record<ListPage, ListState>>
  readonly command: CommandLine
  readonly dialog: Dialog | null
  readonly toasts: Toasts
  /** How often the terminal's bell was to ring. */
  readonly rings: number
  readonly undo: Undo | null
  /** What keys, forms and lines have done, the newest last. */
  readonly done: readonly DoneCommand[]
  readonly rateUnit: 'bytes' | 'bits'
  readonly usagePeriod: UsagePeriod
  /** What live connections are summed up by. */
  readonly grouping: Grouping
  readonly theme: ThemeChoice
  /** Whether it is told in a few lines, however large the terminal is. */
  readonly mini: boolean
  /** The terminal's, as far as it tells. */
  readonly background: Background
  /** Whether clicks and the wheel are the app's, not the terminal's. */
  readonly mouse: boolean
  readonly overview: OverviewChoice
  /** Milliseconds since 1970 by this machine's clock, to the second. */
  readonly clock: number
}

/** All that the screen shows: the current daemon's state lies beside what the person has made of it. */
export interface State extends DaemonState, UiState {
  /** All of them, the current one included, in the order in which they were named. */
  readonly daemons: readonly DaemonState[]
}

/** What the daemon tells, and the passing of time. */
export type DataEvent =
  | { readonly type: 'link'; readonly link: Link }
  | { readonly type: 'gap'; readonly gap: Gap }
  | { readonly type: 'status'; readonly status: Status }
  /** The one of now. */
  | { readonly type: 'sample'; readonly sample: Sample; readonly at: number }
  /** Those of the past, and of now. */
  | { readonly type: 'samples'; readonly samples: readonly Sample[]; readonly at: number }
  | { readonly type: 'snapshot'; readonly rows: readonly Connection[]; readonly at: number }
  | { readonly type: 'changed'; readonly changes: readonly ConnectionChange[]; readonly at: number }
  | { readonly type: 'history'; readonly wish: GraphWish; readonly history: Result<'metrics.history'> }
  | { readonly type: 'users'; readonly users: readonly User[]; readonly at: number }
  | { readonly type: 'usersChanged'; readonly changes: readonly UserChange[]; readonly at: number }
  | { readonly type: 'logBegun'; readonly entries: readonly LogEntry[] }
  | { readonly type: 'logEntries'; readonly entries: readonly LogEntry[]; readonly lost: number }
  | { readonly type: 'eventsBegun'; readonly entries: readonly EventEntry[] }
  | { readonly type: 'events'; readonly entries: readonly EventEntry[]; readonly missed: number }
  /** The access log is followed anew. */
  | { readonly type: 'accessBegun' }
  | { readonly type: 'accessEntries'; readonly entries: readonly AccessEntry[]; readonly missed: number }
  /** From before, the newest first. */
  | { readonly type: 'accessFound'; readonly entries: readonly AccessEntry[] }
  | { readonly type: 'told'; readonly told: Partial<Told> }
  | { readonly type: 'rules'; readonly rules: Rules }
  /** All about the connection with this id; null: the daemon knows of none. */
  | { readonly type: 'details'; readonly id: string; readonly details: Details | null; readonly at: number }
  | { readonly type: 'tick'; readonly at: number }

/** What the person does, and what comes of it. */
export type UiEvent =
  | { readonly type: 'daemon'; readonly at: number }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  /** `shows`: which of its lists; 0, its own, unless told. */
  | { readonly type: 'page'; readonly page: Page; readonly shows?: number }
  /** Another daemon is known, behind the others. */
  | { readonly type: 'addDaemon'; readonly place: string }
  | { readonly type: 'list'; readonly page: ListPage; readonly event: ListEvent }
  | { readonly type: 'dialog'; readonly event: DialogEvent }
  | { readonly type: 'command'; readonly event: CommandEvent }
  /** Say something, or put what was said away. */
  | { readonly type: 'say'; readonly text: string; readonly tone: Toast['tone']; readonly at: number }
  | { readonly type: 'clearMessage' | 'ring' }
  /** A key is pressed. */
  | { readonly type: 'read' }
  | { readonly type: 'follow'; readonly followed: Followed }
  | { readonly type: 'show'; readonly shows: number }
  | { readonly type: 'undo'; readonly undo: Undo | null }
  | { readonly type: 'grouping'; readonly grouping: Grouping }
  | { readonly type: 'done'; readonly command: DoneCommand }
  | { readonly type: 'pause' | 'holdAccess' | 'holdEvents' | 'rateUnit' | 'mouse' }
  /** To the next period, or the one before. */
  | { readonly type: 'usagePeriod'; readonly by: number }
  | { readonly type: 'theme'; readonly theme: ThemeChoice }
  /** The person wants no more than a few lines. */
  | { readonly type: 'mini' }
  /** The terminal tells what its background is. */
  | { readonly type: 'background'; readonly background: Background }
  /** What was chosen in an earlier run. */
  | { readonly type: 'prefer'; readonly preferences: Preferences }
  | { readonly type: 'logLevel'; readonly level: LogEntry['level'] }
  | { readonly type: 'overview'; readonly event: OverviewEvent }

export type Event = DataEvent | UiEvent

export const nothingTold: Told = {
  configuration: null,
  operators: null,
  rules: null,
  bans: null,
  groups: null,
  usage: null,
  sessions: null,
  watches: null,
  fleet: null,
  audit: null,
  closed: null,
}

const initialDaemon: DaemonState = {
  ...nothingTold,
  place: '',
  link: { state: 'connecting', reason: null },
  instance: null,
  status: null,
  role: null,
  readOnly: false,
  gaps: [],
  traffic: noTraffic,
  graphs: [],
  lateSince: null,
  connections: noConnections,
  users: noUsers,
  log: noLog,
  access: noAccess,
  events: noEvents,
  followed: null,
  skew: 0,
}

const initialUi: UiState = {
  size: { columns: 80, rows: 24 },
  current: 0,
  page: 'overview',
  shows: 0,
  lists: {
    connections: listBy('age'),
    access: { ...listBy('time'), sort: { column: 'time', descending: true } },
    sums: { ...listBy('down-rate'), sort: { column: 'down-rate', descending: true } },
    users: listBy('name'),
    groups: listBy('name'),
    usage: { ...listBy('moved'), sort: { column: 'moved', descending: true } },
    rules: listBy('place'),
    bans: { ...listBy('since'), sort: { column: 'since', descending: true } },
    log: listBy('time'),
    events: { ...listBy('time'), sort: { column: 'time', descending: true } },
    settings: listBy('name'),
    operators: listBy('name'),
    sessions: listBy('since'),
    watches: listBy('name'),
    audit: { ...listBy('time'), sort: { column: 'time', descending: true } },
    daemons: listBy('number'),
    nodes: listBy('name'),
  },
  command: noCommand,
  dialog: null,
  toasts: noToasts,
  rings: 0,
  undo: null,
  done: [],
  rateUnit: 'bytes',
  usagePeriod: '24h',
  grouping: 'user',
  theme: 'auto',
  mini: false,
  background: 'dark',
  mouse: true,
  overview: plainOverview,
  clock: 0,
}

/** Nothing is known yet of the daemon at this place. */
export function daemonAt(place: string): DaemonState {
  return { ...initialDaemon, place }
}

/** Nothing is known yet of the daemons at these places, of which there is at least one. */
export function stateAt(places: readonly string[]): State {
  const daemons = places.map(daemonAt)
  return { ...initialUi, ...(daemons[0] ?? initialDaemon), daemons }
}

/** The daemon's clock as far as known: milliseconds since 1970. */
export function daemonTime({ clock, skew }: Pick<State, 'clock' | 'skew'>): number {
  return clock + skew
}

/** Whether what is shown is old, because nothing is heard of the daemon. */
export function isStale({ link }: Pick<DaemonState, 'link'>): boolean {
  return link.state !== 'online'
}
