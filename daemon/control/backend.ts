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
  Method,
  Operator,
  Params,
  Result,
  Role,
  Rule,
  Sample,
  User,
  Watch,
  WatchNotice,
} from '../../shared/protocol/methods.ts'
import type { ScramKeys } from '../../shared/protocol/scram.ts'
import type { TableChange } from '../observe/table-view.ts'
import type { UserChanges } from '../observe/users.ts'
import type { FollowedTable } from './table-feed.ts'

/**
 * What the management server needs of the daemon. A `Refusal` that is thrown reaches the client;
 * any other error is a fault of ours and reaches the client as internal_error, without its text.
 */
export interface Backend {
  readonly users: UserAdministration
  /** Has these users in memory, if there are such, before anything is asked of them; undefined where all are. */
  readonly bring?: ((names: readonly string[]) => Promise<unknown> | undefined) | undefined
  readonly limits: LimitAdministration
  readonly userTable: UserTable
  readonly connections: LiveConnections
  readonly metrics: Metrics
  readonly history: History
  readonly usage: UsageReports
  readonly log: RecordedLog
  readonly bans: BanAdministration
  readonly accessLog: AccessLog
  readonly operators: OperatorAdministration
  readonly audit: Audit
  readonly events: Events
  readonly watches: WatchAdministration
  readonly config: RuntimeConfiguration
  readonly rules: RuleAdministration
  readonly transfer: Transfer
  readonly lifecycle: Lifecycle
  /** Undefined where this daemon is in no fleet. */
  readonly fleet: FleetAdministration | undefined
  status(): Result<'status.get'>
}

/** Where the management server tells of what it does; a pino logger is one. */
export interface Log {
  info(message: string): void
  warn(message: string): void
  error(error: unknown, message: string): void
}

/** Named operators. Each change calls `act` as it acts, and resolves behind that; sessions are the server's affair. */
export interface OperatorAdministration {
  /** By name, in code point order. */
  list(): Omit<Operator, 'sessions'>[]
  add(operator: Params<'operators.add'>): Promise<void>
  remove(name: string, act: () => void): Promise<{ stored: boolean }>
  setPassword(name: string, password: string, act: () => void): Promise<{ stored: boolean }>
  setRole(name: string, role: Operator['role'], act: () => void): Promise<{ stored: boolean }>
  /** What a login is checked against; undefined if there is no such operator. */
  credentialsOf(name: string): { readonly keys: ScramKeys; readonly role: Role } | undefined
  /** What salts of names that do not exist are made from: 32 random bytes, kept as long as the operators. */
  readonly decoySecret: Buffer
}

/** What operators did. Entering never fails and waits for nothing. */
export interface Audit {
  /** Whether it has an entry of its own. */
  enter(entry: Omit<AuditEntry, 'id' | 'time' | 'count'>): boolean
  /** The first of its kind at once, those that follow within a minute as one. */
  enterFailure(entry: Omit<AuditEntry, 'id' | 'time' | 'count'>): void
  /** Hear of entries once they are stored, oldest first, until the returned function is called. */
  follow(listener: (entries: readonly AuditEntry[]) => void): () => void
  /** The newest first. */
  list(wish: {
    readonly since?: number | undefined
    readonly until?: number | undefined
    readonly by?: string | undefined
    readonly action?: string | undefined
    readonly before?: number | undefined
    readonly limit: number
  }): Promise<AuditEntry[]>
}

/** Which events somebody wants, and may know of. */
interface EventWish {
  readonly filter?: string | undefined
  readonly may: (event: EventEntry) => boolean
}

/** What happened that somebody may have to know. Both throw a Refusal for a filter that is none. */
export interface Events {
  /** The last `limit` of those that are still known, oldest first. */
  list(
    wish: EventWish & { readonly since?: number | undefined; readonly limit: number },
  ): Promise<readonly EventEntry[]>
  /** Has somebody hear what happens, and how much before it they were not told of, until the returned function is called. */
  follow(wish: EventWish, hear: (events: readonly EventEntry[], missed: number) => void): () => void
}

/** What the daemon looks out for. Each change acts when it resolves. */
export interface WatchAdministration {
  list(): Watch[]
  add(watch: Params<'watches.add'>, by: string): Promise<Watch>
  remove(name: string): Promise<Result<'watches.remove'>>
  /** Hear of what they tell, until the returned function is called. */
  watch(listener: (notice: WatchNotice) => void): () => void
}

/** Sources that are kept out. Each change acts when it resolves. */
export interface BanAdministration {
  /** Hear of each ban that begins or is over, until the returned function is called. */
  watch(listener: (ban: Ban, isBanned: boolean) => void): () => void
  /** By source, in code point order. */
  list(): Ban[]
  /** By an operator's word, for good if no time is given. */
  /** `mayFill`: the operator may have all places, those too that are kept for admins and for what is earned. */
  add(source: string, seconds: number | undefined, by: string, mayFill: boolean): Promise<{ ban: Ban; stored: boolean }>
  remove(source: string): Promise<{ lifted: Ban[]; stored: boolean }>
}

/** Settings at run time. `set` refuses with `invalid_params` or `conflict`. */
export interface RuntimeConfiguration {
  get(): Result<'config.get'>
  set(change: Params<'config.set'>): Promise<Result<'config.set'>>
}

/** The rules. A change is refused with `invalid_params`, with `conflict`, or with `not_found`. */
export interface RuleAdministration {
  /** All of them, in the order in which they count. */
  list(): { readonly revision: number; readonly rows: readonly Rule[] }
  readonly text: string
  apply(change: Params<'rules.apply'>): Promise<Result<'rules.apply'>>
  add(change: Params<'rules.add'>): Promise<Result<'rules.add'>>
  insert(change: Params<'rules.insert'>): Promise<Result<'rules.insert'>>
  move(change: Params<'rules.move'>): Promise<Result<'rules.move'>>
  remove(change: Params<'rules.remove'>): Promise<Result<'rules.remove'>>
  test(request: Params<'rules.test'>): Promise<Result<'rules.test'>>
}

/** What was used; refused with `not_found` if there is no such user. */
export interface UsageReports {
  list(wish: Params<'usage.list'>): Promise<Result<'usage.list'>>
}

/** The newest lines of the log, whatever its level on stderr. */
export interface RecordedLog {
  /** At most the last `count` entries that are wanted, oldest first. */
  history(count: number, wants: (entry: LogEntry) => boolean): LogEntry[]
  /** Hear each new entry, of whatever level, until the returned function is called. */
  watch(listener: (entry: LogEntry) => void): () => void
}

/** All that is kept, taken elsewhere, and brought here. Throws a Refusal. */
export interface Transfer {
  backup(wish: Params<'transfer.backup'>): Promise<Result<'transfer.backup'>>
  export(wish: Params<'transfer.export'>): Promise<Result<'transfer.export'>>
  import(wish: Params<'transfer.import'>): Promise<Result<'transfer.import'>>
}

/** What became of connections. */
export interface AccessLog {
  /** A page of those that a filter wants. Refused with `invalid_params`. */
  list(wish: Params<'access.list'>): Promise<Result<'access.list'>>
  /**
   * Throws a Refusal for a filter that is none. Has somebody hear entries, as a JSON array, and how many before them are missing; they call `taken` once they have sent
   * them. `begun` are the last ones before.
   */
  follow(
    wish: Params<'access.subscribe'>,
    hear: (entries: string, missed: number, taken: () => void) => void,
  ): { readonly begun: Promise<readonly AccessEntry[]>; stop(): void }
}

/** The nodes of the fleet that this daemon is one of. Throws a Refusal. */
export interface FleetAdministration {
  /** This one. */
  readonly node: string
  /** By name. */
  list(): Promise<FleetNode[]>
  /** One that is there to do something. */
  named(name: string): Promise<{ readonly node: string }>
  forget(name: string): Promise<void>
  /**
   * Has nodes do something, by the word of who asks for it here: those that are there, or all but this one. Resolves to what each
   * answers, undefined for one that does not in time. Rejects with `RpcError` if a node that was named refuses it; of `others` who
   * refuses it has nothing to answer.
   */
  readonly order: (
    nodes: readonly string[] | 'others',
    method: Method,
    params: Readonly<Record<string, unknown>>,
    asker: { readonly name: string; readonly role: Role },
  ) => Promise<readonly (readonly [node: string, answer: object | undefined])[]>
}

/** How the daemon ends. The reply still reaches the client. */
export interface Lifecycle {
  /** Resolves when a successor serves; refused with `conflict` or `unavailable`, and then nothing has changed. */
  upgrade(asker: string): Promise<Result<'daemon.upgrade'>>
  /** Reads what lies in files again. */
  reload(asker: string): Promise<Result<'daemon.reload'>>
  /** False if it drains already. */
  drain(): boolean
  /** Rejects with a Refusal if it does not drain, is to end for good, or cannot take clients again. */
  undrain(): Promise<void>
  shutdown(): void
}

export interface UserAdministration {
  add(name: string, password: string): Promise<void>
  /** Has one who was removed within the hour come back. */
  restore(name: string): Promise<void>
  /** The loops act by the change when it resolves. */
  remove(name: string): Promise<Result<'users.remove'>>
  setPassword(name: string, password: string): Promise<Result<'users.setPassword'>>
  setEnabled(name: string, enabled: boolean): Promise<Result<'users.setEnabled'>>
  /** Resolves to how many connections were cut. */
  cut(name: string): Promise<number>
}

/** Limits of users and groups. Each change acts when it resolves. */
export interface LimitAdministration {
  set(change: Params<'users.set'>): Promise<Result<'users.set'>>
  resetQuota(whose: Params<'users.resetQuota'>): Promise<Result<'users.resetQuota'>>
  /** By name, in code point order. */
  groups(): Group[]
  /** With all members, also those who are not in memory. */
  countedGroups(): Promise<Group[]>
  addGroup(group: Params<'groups.add'>): Promise<Result<'groups.add'>>
  setGroup(change: Params<'groups.set'>): Promise<Result<'groups.set'>>
  removeGroup(name: string): Promise<void>
}

/** The users with what they move, by name in code point order. */
export interface UserTable extends FollowedTable<User, UserChanges> {
  /** At most `limit` of those behind a name, which need not be there; of all without it. */
  page(limit: number, after?: string): User[]
  named(name: string): User | undefined
}

/** At once, or when another process has answered. */
type Awaitable<Value> = Value | Promise<Value>

export interface LiveConnections extends FollowedTable<Connection, TableChange> {
  /** At most `limit` live connections, oldest first, and the cursor of the next page; undefined for a cursor that is none. */
  page(limit: number, cursor?: string): Awaitable<Result<'connections.list'> | undefined>
  /** The last `limit` that ended, newest first, as far as they are remembered. */
  closed(limit: number): Awaitable<ClosedConnection[]>
  /** All about a live or a remembered one; undefined if it is neither. */
  get(id: string): Awaitable<Result<'connections.get'> | undefined>
  kill(ids: readonly string[]): Promise<{ killed: string[]; missing: string[] }>
}

/** Throughput over time; refused with `not_found` if there is no such user. */
export interface History {
  throughput(wish: Params<'metrics.history'>): Promise<Result<'metrics.history'>>
}

export interface Metrics {
  /** At most the last `count` samples, oldest first. */
  history(count: number): Sample[]
  /** Hear each new sample until the returned function is called. */
  watch(listener: (sample: Sample) => void): () => void
}
