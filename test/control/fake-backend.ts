import type {
  AccessLog,
  Backend,
  Events,
  FleetAdministration,
  Lifecycle,
  LimitAdministration,
  LiveConnections,
  Metrics,
  RecordedLog,
  UserAdministration,
  UserTable,
  WatchAdministration,
} from '../../daemon/control/backend.ts'
import type { TableChange } from '../../daemon/observe/table-view.ts'
import type { UserChanges } from '../../daemon/observe/users.ts'
import { Refusal } from '../../daemon/refusal.ts'
import type {
  AccessEntry,
  ClosedConnection,
  Connection,
  EventEntry,
  Group,
  Health,
  LogEntry,
  Params,
  Range,
  Result,
  Sample,
  User,
  Watch,
  WatchNotice,
} from '../../shared/protocol/methods.ts'
import { sampleOf } from '../helpers/sample.ts'
import { unlimited } from '../helpers/user-row.ts'
import { FakeAudit, FakeBans, FakeConfiguration, FakeOperators, FakeRules } from './fake-administration.ts'

/** A daemon of the tests' making: they set its users and connections, and say when something changes. */
export class FakeBackend implements Backend {
  readonly users = new FakeUsers()
  readonly limits = new FakeLimits()
  readonly userTable = new FakeUserTable(this.users)
  readonly connections = new FakeConnections()
  readonly metrics = new FakeMetrics()
  readonly history = { throughput: async (wish: Params<'metrics.history'>) => this.metrics.throughput(wish) }
  readonly usage = { list: async () => ({ usage: [] }) }
  readonly log = new FakeLog()
  readonly bans = new FakeBans()
  readonly accessLog = new FakeAccessLog()
  readonly operators = new FakeOperators()
  readonly events = new FakeEvents()
  readonly watches = new FakeWatches()
  readonly audit = new FakeAudit()
  readonly config = new FakeConfiguration()
  readonly rules = new FakeRules()
  readonly transfer = {
    backup: async () => ({ bytes: 65_536 }),
    export: async (_: Params<'transfer.export'>): Promise<Result<'transfer.export'>> => ({ users: [] }),
    import: async () => ({ changes: [], cut: 0 }),
  }
  readonly lifecycle = new FakeLifecycle()
  /** None, unless a test gives it one. */
  fleet: FleetAdministration | undefined

  status(): Result<'status.get'> {
    return {
      version: '1.2.3',
      instance: 'test',
      pid: process.pid,
      engine: 'portable',
      workers: 1,
      started: 0,
      draining: this.lifecycle.ending !== undefined,
      passwordRequired: false,
      lastUserOpens: false,
      users: this.users.list().length,
      listening: [],
      health,
      sample: sampleOf(0),
    }
  }
}

const health: Health = {
  lag: 0.5,
  loops: [],
  sessions: { live: 0, max: 100 },
  descriptors: { open: 20, max: 1024 },
  memory: 50_000_000,
  store: { problem: null, slowest: 0, waiting: [] },
  near: [],
  names: { pending: 0, failed: 0, slowest: 0 },
}

class FakeUsers implements UserAdministration {
  readonly #names: string[] = []
  /** Resolves when `setPassword` may go on; undefined: at once. */
  gate: Promise<void> | undefined
  waiting = 0

  list(): User[] {
    return this.#names.map((name) => ({
      name,
      enabled: true,
      stored: true,
      created: 0,
      connections: 0,
      up: 0,
      down: 0,
      ...unlimited,
    }))
  }

  async add(name: string): Promise<void> {
    if (this.#names.includes(name)) throw new Refusal('exists', 'there is such a user already')
    this.#names.push(name)
    this.#names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }

  async remove(name: string): Promise<Result<'users.remove'>> {
    const index = this.#names.indexOf(name)
    if (index < 0) throw new Refusal('not_found', 'there is no such user')
    this.#names.splice(index, 1)
    return { cut: 2, opened: this.#names.length === 0, stored: true }
  }

  restore(name: string): Promise<void> {
    return this.add(name)
  }

  async setPassword(): Promise<{ stored: boolean }> {
    this.waiting++
    await this.gate
    this.waiting--
    return { stored: true }
  }

  async setEnabled(): Promise<never> {
    throw new Error('secret detail')
  }

  async cut(name: string): Promise<number> {
    if (!this.#names.includes(name)) throw new Refusal('not_found', 'there is no such user')
    return 3
  }
}

class FakeLimits implements LimitAdministration {
  readonly changes: unknown[] = []

  async set(change: Params<'users.set'>): Promise<Result<'users.set'>> {
    this.changes.push(change)
    return { changed: 1, revision: this.changes.length, stored: true, before: {}, after: {} }
  }

  async resetQuota(): Promise<Result<'users.resetQuota'>> {
    return { reset: 1 }
  }

  groups(): Group[] {
    return []
  }

  async countedGroups(): Promise<Group[]> {
    return this.groups()
  }

  async addGroup(): Promise<Result<'groups.add'>> {
    return { revision: 1 }
  }

  async setGroup(): Promise<Result<'groups.set'>> {
    return { members: 0, revision: 1, stored: true, before: {} }
  }

  async removeGroup(): Promise<void> {}
}

class FakeUserTable implements UserTable {
  readonly #users: FakeUsers
  readonly #watchers = new Set<(change: UserChanges) => void>()

  constructor(users: FakeUsers) {
    this.#users = users
  }

  get watchers(): number {
    return this.#watchers.size
  }

  get rows(): User[] {
    return this.#users.list()
  }

  page(limit: number, after = ''): User[] {
    return this.rows.filter(({ name }) => name > after).slice(0, limit)
  }

  named(name: string): User | undefined {
    return this.rows.find((user) => user.name === name)
  }

  watch(listener: (change: UserChanges) => void): { stop(): void } {
    this.#watchers.add(listener)
    return { stop: () => void this.#watchers.delete(listener) }
  }

  change(change: UserChanges): void {
    for (const tell of this.#watchers) tell(change)
  }
}

class FakeConnections implements LiveConnections {
  rows: Connection[] = []
  /** Newest first. */
  closedRows: ClosedConnection[] = []
  readonly #watchers = new Set<(change: TableChange) => void>()

  get watchers(): number {
    return this.#watchers.size
  }

  page(limit: number, cursor = '0'): Result<'connections.list'> | undefined {
    const start = Number(cursor)
    if (Number.isNaN(start)) return undefined
    const connections = this.rows.slice(start, start + limit)
    return start + limit < this.rows.length ? { connections, next: String(start + limit) } : { connections }
  }

  closed(limit: number): ClosedConnection[] {
    return this.closedRows.slice(0, limit)
  }

  get(id: string): Result<'connections.get'> | undefined {
    const connection = this.rows.find((row) => row.id === id)
    const limits = [{ setting: 'timeout-idle', value: 1000 }]
    return connection && { connection, end: null, timeline: [{ state: 'negotiating', since: 0 }], limits }
  }

  async kill(ids: readonly string[]): Promise<{ killed: string[]; missing: string[] }> {
    const isLive = (id: string) => this.rows.some((row) => row.id === id)
    return { killed: ids.filter(isLive), missing: ids.filter((id) => !isLive(id)) }
  }

  watch(listener: (change: TableChange) => void): { rows: readonly Connection[]; stop(): void } {
    this.#watchers.add(listener)
    return { rows: this.rows, stop: () => void this.#watchers.delete(listener) }
  }

  /** New rows come and old ones go. */
  change(opened: Connection[], closed: string[] = []): void {
    this.rows = [...this.rows.filter(({ id }) => !closed.includes(id)), ...opened]
    this.tell({ changed: opened, moved: [], closed, missed: 0 })
  }

  tell(change: TableChange): void {
    for (const tell of this.#watchers) tell(change)
  }
}

const steps: Readonly<Record<Range, number>> = {
  '1m': 1_000,
  '15m': 4_000,
  '1h': 15_000,
  '24h': 360_000,
  '31d': 3_600_000,
  '400d': 86_400_000,
}

class FakeMetrics implements Metrics {
  readonly samples: Sample[] = []
  readonly #watchers = new Set<(sample: Sample) => void>()

  get watchers(): number {
    return this.#watchers.size
  }

  history(count: number): Sample[] {
    return count > 0 ? this.samples.slice(-count) : []
  }

  throughput({ range, user }: Params<'metrics.history'>): Result<'metrics.history'> {
    if (typeof user === 'string') throw new Refusal('not_found', 'there is no such user')
    return { step: steps[range], end: 0, up: [null, 1], down: [null, 2] }
  }

  watch(listener: (sample: Sample) => void): () => void {
    this.#watchers.add(listener)
    return () => void this.#watchers.delete(listener)
  }

  push(sample: Sample): void {
    this.samples.push(sample)
    for (const tell of this.#watchers) tell(sample)
  }
}

class FakeAccessLog implements AccessLog {
  entries: AccessEntry[] = []
  readonly #heard = new Set<Parameters<AccessLog['follow']>[1]>()

  get followers(): number {
    return this.#heard.size
  }

  list({ limit }: Params<'access.list'>): Promise<Result<'access.list'>> {
    return Promise.resolve({ entries: this.entries.toReversed().slice(0, limit) })
  }

  follow(
    { history = 0 }: Params<'access.subscribe'>,
    hear: Parameters<AccessLog['follow']>[1],
  ): ReturnType<AccessLog['follow']> {
    this.#heard.add(hear)
    const begun = Promise.resolve(history > 0 ? this.entries.slice(-history) : [])
    return { begun, stop: () => void this.#heard.delete(hear) }
  }

  /** Tells all who follow; `taken` hears who has sent it on. */
  tell(entries: readonly AccessEntry[], missed = 0, taken = () => {}): void {
    for (const hear of this.#heard) hear(JSON.stringify(entries), missed, taken)
  }
}

class FakeEvents implements Events {
  events: EventEntry[] = []
  readonly #followers = new Set<(events: readonly EventEntry[], missed: number) => void>()

  get followers(): number {
    return this.#followers.size
  }

  async list({ may, limit }: Parameters<Events['list']>[0]): Promise<EventEntry[]> {
    return limit === 0 ? [] : this.events.filter(may).slice(-limit)
  }

  follow({ may }: Parameters<Events['follow']>[0], hear: Parameters<Events['follow']>[1]): () => void {
    const follower: typeof hear = (events, missed) => hear(events.filter(may), missed)
    this.#followers.add(follower)
    return () => void this.#followers.delete(follower)
  }

  /** It happens now, and so much more that nobody is told. */
  tell(events: readonly EventEntry[], missed = 0): void {
    this.events.push(...events)
    for (const hear of this.#followers) hear(events, missed)
  }
}

class FakeWatches implements WatchAdministration {
  readonly #watches: Watch[] = []
  readonly #listeners = new Set<(notice: WatchNotice) => void>()

  list(): Watch[] {
    return this.#watches
  }

  async add({ name, text }: Params<'watches.add'>, by: string): Promise<Watch> {
    const watch = { name, text, created: 0, by, firing: [], fired: 0 }
    this.#watches.push(watch)
    return watch
  }

  async remove(): Promise<Result<'watches.remove'>> {
    return { text: this.#watches.pop()?.text ?? '', stored: true }
  }

  watch(listener: (notice: WatchNotice) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  tell(notice: WatchNotice): void {
    for (const hear of this.#listeners) hear(notice)
  }
}

class FakeLog implements RecordedLog {
  readonly entries: LogEntry[] = []
  readonly #watchers = new Set<(entry: LogEntry) => void>()

  get watchers(): number {
    return this.#watchers.size
  }

  history(count: number, wants: (entry: LogEntry) => boolean): LogEntry[] {
    return count > 0 ? this.entries.filter(wants).slice(-count) : []
  }

  watch(listener: (entry: LogEntry) => void): () => void {
    this.#watchers.add(listener)
    return () => void this.#watchers.delete(listener)
  }

  say(level: LogEntry['level'], message: string): LogEntry {
    const entry = { seq: this.entries.length + 1, time: 0, level, message }
    this.entries.push(entry)
    for (const tell of this.#watchers) tell(entry)
    return entry
  }
}

class FakeLifecycle implements Lifecycle {
  /** What was asked for last. */
  ending: 'drain' | 'shutdown' | undefined

  async upgrade() {
    return { pid: 2, version: '0.0.0', generation: 2 }
  }

  async reload() {
    return { changed: [], warnings: [], problems: [] }
  }

  drain(): boolean {
    if (this.ending !== undefined) return false
    this.ending = 'drain'
    return true
  }

  async undrain(): Promise<void> {
    if (this.ending !== 'drain') throw new Refusal('conflict', 'the daemon does not drain')
    this.ending = undefined
  }

  shutdown(): void {
    this.ending = 'shutdown'
  }
}

export function connectionOf(number: number): Connection {
  return {
    id: `c${number}`,
    state: 'open',
    user: null,
    command: 'connect',
    client: '127.0.0.1:1',
    destination: 'localhost:80',
    address: '127.0.0.1:80',
    opened: number,
    up: 0,
    down: 0,
  }
}

/** Rows `from` to `to`, the latter not included. */
export function connectionsOf(from: number, to: number): Connection[] {
  return Array.from({ length: to - from }, (_, index) => connectionOf(from + index))
}
