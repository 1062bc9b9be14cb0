import { randomUUID } from 'node:crypto'
import type { Result, User } from '../shared/protocol/methods.ts'
import { AccountTransfer } from './access/account-transfer.ts'
import type { Account } from './access/accounts.ts'
import { LateChanges } from './access/late-changes.ts'
import { LimitChanges } from './access/limit-changes.ts'
import { plain } from './access/limit-values.ts'
import { nearLimits } from './access/near-limits.ts'
import { Operators } from './access/operators.ts'
import { Turns } from './access/turns.ts'
import { UsageReports } from './access/usage-reports.ts'
import { type Loops, Users } from './access/users.ts'
import { AuditTrail } from './audit/audit-trail.ts'
import type { Transfer } from './control/backend.ts'
import { type ControlServer, startControlServer } from './control/server.ts'
import type { DataPlane } from './data-plane.ts'
import type { Ending } from './ending.ts'
import { Direction, eachSource, everybody } from './engine/shared/limit-lines.ts'
import { endpointsOf } from './listening.ts'
import type { DaemonLog } from './log.ts'
import { formatEndpoint } from './net/endpoint.ts'
import { ObservedConnections } from './observe/connections.ts'
import { healthReport, StoreChanges } from './observe/health.ts'
import { RecordedMetrics } from './observe/metrics.ts'
import { Past } from './observe/past.ts'
import { byLimits, byRules, tellRefusals } from './observe/refusal-lines.ts'
import type { RateOf } from './observe/session-rows.ts'
import { UserTraffic } from './observe/user-traffic.ts'
import { type KeptLimits, ObservedUsers } from './observe/users.ts'
import { WallClock } from './observe/wall-clock.ts'
import { LiveRules } from './rules/live-rules.ts'
import type { Configuration } from './settings/configuration.ts'
import { destinationOf, forwardsOf } from './settings/forwards.ts'
import { LiveSettings } from './settings/live-settings.ts'
import { settingEffects } from './settings/setting-effects.ts'
import { noLogin, type Store, type StoredSettings } from './store/store.ts'
import { Backups } from './transfer/backups.ts'

export type Listening = Result<'status.get'>['listening']

/** Operators' way in. */
export interface Management {
  /** Every socket of the daemon. */
  readonly listening: Listening
  /** Reads the files of TLS and the lists of the rules again, and makes anew what is missing in the runtime folder. */
  reload(): Promise<void>
  /** Removes the files by which clients find the daemon, for an end that cannot wait. */
  vanish(): void
}

export interface ManagementOptions {
  readonly configuration: Configuration
  readonly stored: StoredSettings
  readonly store: Store
  readonly dataPlane: DataPlane
  readonly version: string
  readonly ending: Ending
  readonly log: DaemonLog
}

/**
 * Watches the data plane and serves management. What is to be closed in the end goes into `parts`, in order.
 */
export async function startManagement(options: ManagementOptions, parts: AsyncDisposableStack): Promise<Management> {
  const { configuration, dataPlane, ending, log } = options
  const observed = observe(options, parts)
  const administered = await administer(options, observed, parts)
  const audit = new AuditTrail({ store: options.store.audit, warn: (message) => log.logger.warn(message) })
  parts.defer(() => audit.close())
  const instance = randomUUID()
  const listening = [...socksSockets(dataPlane), ...forwardSockets(dataPlane, configuration)]
  const connections = observedConnections(dataPlane, administered.config, observed.wall)
  watchAccess(dataPlane, connections)
  const control = await startControlServer({
    ...(await waysIn(configuration, (message) => log.logger.warn(message))),
    instance,
    backend: {
      users: administered.users,
      limits: administered.limits,
      userTable: new ObservedUsers(dataPlane.accounts, keptLimits(dataPlane), observed.traffic),
      connections,
      metrics: observed.metrics,
      past: pastOf(options, observed.metrics),
      usage: new UsageReports(options.store.usage, dataPlane.accounts),
      bans: dataPlane.bans,
      accessLog: dataPlane.accessLog,
      operators: administered.operators,
      audit,
      config: administered.config,
      rules: administered.rules,
      transfer: transferring(options, administered),
      log: log.recorded,
      lifecycle: ending,
      status: statusReport(options, observed, administered, { instance, listening }),
    },
    log: log.logger,
  })
  parts.defer(() => control.close())
  // Management is for this machine, or asks for TLS and a name: a client elsewhere shall not get there by the proxy.
  await dataPlane.forbid([...control.listening, ...control.listeningTls])
  listening.push(...controlSockets(control))
  return { listening, reload: reloading(control, administered.rules, dataPlane, log), vanish: control.vanish }
}

/** What the daemon knows of itself. */
interface Observed {
  readonly wall: WallClock
  readonly changes: StoreChanges
  readonly traffic: UserTraffic
  readonly metrics: RecordedMetrics
}

function observe({ store, dataPlane }: ManagementOptions, parts: AsyncDisposableStack): Observed {
  const { engine, accounts } = dataPlane
  const changes = new StoreChanges()
  parts.defer(store.watch(changes.heard))
  const traffic = new UserTraffic(engine.tables)
  const metrics = new RecordedMetrics(engine.tables, traffic, accounts)
  parts.defer(() => metrics.stop())
  return { wall: new WallClock(), changes, traffic, metrics }
}

/** What operators may change. */
interface Administered {
  readonly users: Users
  readonly limits: LimitChanges
  readonly operators: Operators
  readonly config: LiveSettings
  readonly rules: LiveRules
  readonly accountTransfer: AccountTransfer
  readonly late: LateChanges
}

async function administer(
  { configuration, stored, store, dataPlane, ending, log }: ManagementOptions,
  { traffic }: Observed,
  parts: AsyncDisposableStack,
): Promise<Administered> {
  const { accounts, groups, passwords, policy, limits: keeper, usage, engine, members, names, accessLog } = dataPlane
  const turns = new Turns()
  const late = new LateChanges((message) => log.logger.warn(message))
  parts.defer(() => late.close())
  const { 'state-dir': folder } = configuration.values
  const rules = new LiveRules(
    {
      ...{ engine, members, store: store.rules, late, folder },
      settings: () => config.values,
      own: () => dataPlane.own,
      lookUp: lookUpWith(names),
    },
    dataPlane.rules,
  )
  parts.defer(() => rules.close())
  const loops: Loops = {
    userChanged(change) {
      rules.membersChanged()
      return dataPlane.userChanged(change)
    },
  }
  const begin = (account: Account) => {
    traffic.begin(account.index)
    accessLog.begin(account)
    keeper.begin(account)
  }
  const indices = {
    begin(account: Account) {
      begin(account)
      // Their index was somebody else's; this comes to the loops before they hear of the user.
      void dataPlane.limitsChanged()
    },
  }
  const users = new Users({
    ...{ accounts, passwords, policy, store: store.users, late, loops, indices, turns },
  })
  const obey = async () => {
    await dataPlane.limitsChanged()
    await rules.groupsChanged()
  }
  const limits = new LimitChanges({ accounts, groups, keeper, store, late, turns, obey })
  const accountTransfer = new AccountTransfer({
    ...{ accounts, groups, limits, keeper, usage, passwords, store, late, turns, loops, begin, obey },
    passwordRequired: () => users.passwordRequired,
  })
  dataPlane.logins.follow((account, password) => {
    users.learnPassword(account, password).catch((error: Error) => {
      log.logger.warn(`the hash of ${JSON.stringify(account.name)} stays another program's for now: ${error.message}`)
    })
  })
  usage.follow(traffic)
  keeper.follow({
    connections: (index) => traffic.connections(index),
    obey: () => dataPlane.limitsChanged(),
    cameFirst: (account, now) => limits.cameFirst(account, now),
  })
  parts.defer(() => keeper.stop())
  const config = new LiveSettings({
    configuration,
    stored,
    store: store.settings,
    late,
    effects: settingEffects({ dataPlane, users, ending, log }),
    tell: (message) => log.logger.info(message),
  })
  parts.defer(watchRefusals(dataPlane, config, (line) => log.logger.info(line)))
  const operators = await Operators.load(store.operators, late)
  return { users, limits, operators, config, rules, accountTransfer, late }
}

/** Hours or days in a graph: more than there can be. */
const mostSteps = 1000

/** As rows of users tell of them. */
function keptLimits({ groups, limits: keeper }: DataPlane): KeptLimits<Account> {
  return {
    of: (account) => ({
      group: groups.of(account.limits).name,
      limits: plain(account.limits),
      effective: keeper.effective.of(account) as User['effective'],
      revision: account.revision,
    }),
    usageOf: (account) => keeper.usageOf(account),
  }
}

/** Milliseconds between two lines about whom rules or limits have refused something. */
const refusalPeriod = 60_000

/** Tells of them, until the function that it returns is called. */
function watchRefusals(
  { engine, accounts, limits, limitLines: lines, sourceLines: sources }: DataPlane,
  config: LiveSettings,
  tell: (line: string) => void,
): () => void {
  const refusers = [
    byRules(engine.tables, sources),
    byLimits({
      lines,
      sources,
      limitOf(index, name) {
        const account = accounts.named(accounts.lastNameOf(index) ?? '')
        return account && limits.effective.of(account)[name]?.value
      },
      settingOf: (name) => config.values[name],
    }),
  ]
  const nameOf = (index: number) => accounts.lastNameOf(index)
  const look = () => {
    for (const refuser of refusers) tellRefusals(refuser, { highestIndex: accounts.highestIndex, nameOf }, tell)
  }
  const timer = setInterval(look, refusalPeriod).unref()
  return () => clearInterval(timer)
}

/** Reads what lies in files again; rules whose lists cannot be read any more stay as they are. */
function reloading(
  control: ControlServer,
  rules: LiveRules,
  { accessLog }: DataPlane,
  { logger }: DaemonLog,
): () => Promise<void> {
  return async () => {
    accessLog.reopen()
    const problem = (error: Error) => logger.warn(`the lists of the rules stay as they were: ${error.message}`)
    await Promise.all([control.reload(), rules.reload().catch(problem)])
  }
}

/** Throughput over time, from memory and from what is kept. */
function pastOf({ store, dataPlane: { accounts } }: ManagementOptions, metrics: RecordedMetrics): Past {
  return new Past({
    recent: (range, user) => metrics.throughput(range, user),
    read: (wish) => store.usage.read({ ...wish, offset: 0, limit: mostSteps }),
    idOf: (user) => (user === null ? noLogin : accounts.named(user)?.id),
  })
}

/** Names as clients get them looked up, for an operator who waits. */
function lookUpWith(names: DataPlane['names']): (name: string) => Promise<readonly string[]> {
  const asker = { user: 0, source: new Uint8Array(16), isWaiting: () => true }
  return async (name) => (await names.resolve(name, asker))?.addresses ?? []
}

function observedConnections({ engine, accounts, limitLines }: DataPlane, config: LiveSettings, wall: WallClock) {
  const nameOf = (index: number) => accounts.lastNameOf(index)
  const lineOf = { everybody, source: eachSource } as const
  const rateOf: RateOf = (by, user) => {
    const line = by === 'user' ? user : lineOf[by]
    return { up: limitLines.rate(line, Direction.up), down: limitLines.rate(line, Direction.down) }
  }
  return new ObservedConnections(engine, nameOf, () => config.values, wall, rateOf)
}

function transferring({ store }: ManagementOptions, { accountTransfer }: Administered): Transfer {
  const backups = new Backups(store.backups)
  return {
    backup: (wish) => backups.make(wish),
    export: (wish) => accountTransfer.export(wish),
    import: (wish) => accountTransfer.import(wish),
  }
}

/** Has the access log tell of what passes from now on, under the same ids as elsewhere. */
function watchAccess({ engine, accounts, accessLog }: DataPlane, { tag }: ObservedConnections): void {
  const users = () =>
    Array.from({ length: accounts.highestIndex }, (_, i) => [i + 1, accounts.lastNameOf(i + 1) ?? ''] as const)
  accessLog.watch({ tables: engine.tables, tag, users })
}

/** Tells what the daemon is and how it does, whenever it is asked. */
function statusReport(
  { dataPlane, version, ending }: ManagementOptions,
  { wall, changes, metrics }: Observed,
  { users, config, late }: Administered,
  { instance, listening }: { readonly instance: string; readonly listening: Listening },
): () => Result<'status.get'> {
  const { engine, accounts, names } = dataPlane
  const maxConnections = () => config.values['max-connections']
  const { usage, limits, limitLines: lines } = dataPlane
  const waiting = () => [...late.waiting, ...dataPlane.waiting()]
  const near = nearLimits({ accounts, effective: limits.effective, usage, lines })
  const health = healthReport({ engine, maxConnections, metrics, store: changes, waiting, names, near })
  const started = performance.now()
  return () => ({
    version,
    instance,
    pid: process.pid,
    engine: engine.kind,
    workers: engine.tables.length,
    started: wall.tellNow(started),
    draining: ending.isDraining,
    passwordRequired: users.passwordRequired,
    lastUserOpens: users.lastUserOpens,
    users: accounts.size,
    listening,
    health: health(),
    sample: metrics.now(),
  })
}

/** Where and how operators may come in. */
async function waysIn(configuration: Configuration, warn: (message: string) => void) {
  const { values } = configuration
  return {
    listen: await endpointsOf('control', configuration, warn),
    tls: {
      listen: values['control-tls-addr'].map((address) => ({ address, port: values['control-tls-port'] })),
      cert: values['control-tls-cert'],
      key: values['control-tls-key'],
      clientCa: values['control-tls-client-ca'],
    },
    runtimeDirectory: values['runtime-dir'],
    socket: {
      mode: values['control-socket-mode'],
      group: values['control-socket-group'],
      role: values['control-socket-role'],
    },
  }
}

function socksSockets({ engine }: DataPlane): Listening {
  return engine.listening.map((at) => ({ service: 'socks', address: formatEndpoint(at) }))
}

function forwardSockets({ engine }: DataPlane, { values }: Configuration): Listening {
  const destinations = forwardsOf(values).map(destinationOf)
  return engine.forwarding.map((at, i) => ({
    service: 'forward',
    address: formatEndpoint(at),
    destination: destinations[i],
  }))
}

function controlSockets({ listening, listeningTls, unixPath }: ControlServer): Listening {
  const addresses = [
    ...listening.map(formatEndpoint),
    ...listeningTls.map((at) => `tls:${formatEndpoint(at)}`),
    `unix:${unixPath}`,
  ]
  return addresses.map((address) => ({ service: 'control', address }))
}
