import type { Logger } from 'pino'
import type { Settings } from '../shared/settings.ts'
import type { Accounts } from './access/accounts.ts'
import type { Bans } from './access/bans.ts'
import type { Groups } from './access/groups.ts'
import { loadAccounts } from './access/load-accounts.ts'
import { Logins } from './access/logins.ts'
import { Passwords } from './access/passwords.ts'
import type { LoginPolicy } from './access/users.ts'
import { AccessLog } from './access-log/access-log.ts'
import { startBanning } from './banning.ts'
import type { Engine } from './engine/engine.ts'
import type { LimitLines } from './engine/shared/limit-lines.ts'
import { changeWays, ownPolicy } from './engine/shared/own-policy.ts'
import { SourceLines } from './engine/shared/source-lines.ts'
import { startEngine } from './engine/start.ts'
import { EngineOrders } from './engine-orders.ts'
import { type Limiting, startLimiting } from './limiting.ts'
import type { LimitKeeper } from './limits/limit-keeper.ts'
import type { Usage } from './limits/usage.ts'
import { endpointsAskedFor } from './listening.ts'
import { MemoryWatch } from './memory-watch.ts'
import { Resolver } from './names/resolver.ts'
import { byServers } from './names/servers.ts'
import { bySystem } from './names/system.ts'
import type { Endpoint } from './net/endpoint.ts'
import { countLive } from './observe/metrics.ts'
import { groupMemory } from './os/memory-limit.ts'
import { withoutRepeats } from './repeats.ts'
import { type PreparedRules, prepareRules } from './rules/live-rules.ts'
import type { Members } from './rules/rule-subjects.ts'
import { accessLogOf } from './settings/access-log-settings.ts'
import type { Configuration } from './settings/configuration.ts'
import { engineOptions, permissionsOf, tuningOf } from './settings/engine-options.ts'
import { passwordRequired, refuseOpenProxy } from './settings/open-proxy.ts'
import { isOfUsers, trustedNames, trustedSources, trustWarnings } from './settings/trusted-sources.ts'
import type { HandedSockets } from './sockets/handed-sockets.ts'
import type { Store } from './store/store.ts'
import type { UsageSpool } from './store/usage-spool.ts'
import type { ThreadShares } from './threads.ts'

/** The engine at work, and who it lets in. */
export interface DataPlane {
  readonly engine: Engine
  readonly accounts: Accounts
  readonly groups: Groups
  readonly usage: Usage
  /** Who was refused how often, by limits. */
  readonly limitLines: LimitLines
  readonly sourceLines: Pick<SourceLines, 'takeRefused'>
  /** Has written the users' lines; looks at use and time once it follows the traffic. */
  readonly limits: LimitKeeper
  readonly leases: Limiting['leases']
  readonly passwords: Passwords
  readonly logins: Pick<Logins, 'fetch' | 'follow' | 'unanswered'>
  readonly policy: LoginPolicy
  /** Whether clients may come as the user of that name without a login. */
  isTrusted(name: string): boolean
  readonly bans: Bans
  /** What of it acts and is not stored yet. */
  waiting(): readonly string[]
  /** Tells nobody of anything before it watches. */
  readonly accessLog: AccessLog
  readonly names: Pick<Resolver, 'health' | 'resolve' | 'remembered' | 'lookedUp'>
  readonly members: Members
  /** As the engine has started with them. */
  readonly rules: PreparedRules
  readonly orders: EngineOrders
  /** As the setting says, or fewer where memory is short. */
  maxConnections(): number
  /** Stores all that traffic has brought about. Rejects with a StoreError. */
  store(): Promise<void>
  /** Acts by new timeouts, permissions and limits; resolves when all loops do. */
  tune(settings: Readonly<Settings>): Promise<void>
}

interface DataPlaneParts {
  readonly threads: ThreadShares
  readonly parts: AsyncDisposableStack
  readonly log: Logger
  /** Where the daemon listens already. */
  readonly own: readonly Endpoint[]
  /** What another process has handed over. */
  readonly handed: HandedSockets | undefined
  readonly spool: UsageSpool | undefined
}

/** Loads the users and serves SOCKS. What is to be closed in the end goes into `parts`, in order. */
export async function startDataPlane(
  configuration: Configuration,
  store: Store,
  { threads, parts, log, own, handed, spool }: DataPlaneParts,
): Promise<DataPlane> {
  const { values: settings } = configuration
  const warn = (message: string) => log.warn(message)
  // What traffic brings about may come many times a second; what operators do is told each time.
  const warnOfTraffic = withoutRepeats(warn)
  const passwords = new Passwords(undefined, warnOfTraffic)
  const needed = trustedNames(settings['trusted-from'])
  const accounts = await loadAccounts(store, settings.user, passwords, { needed, warn })
  refuseOpenProxy(settings, accounts.size)

  const limiting = await startLimiting(settings, accounts, store, spool, parts, warn)
  const { groups, lines, keeper: limits } = limiting
  const policy = (users: number) => passwordRequired(settings, users)
  let trustedFrom = settings['trusted-from']
  let trustedUsers = trustedNames(trustedFrom)
  const trusted = () => trustedSources(trustedFrom, accounts)
  for (const warning of trustWarnings(trustedFrom, accounts)) warn(warning)
  const engines = ownPolicy({
    trusted: trusted(),
    passwordRequired: policy(accounts.size),
    forbidden: [...own, ...managementAsked(settings)],
    sources: new Map(),
    egress: new Map(),
    ...permissionsOf(settings),
  })
  changeWays(engines, limits.takeWays() ?? {})
  const options = engineOptions(settings, await endpointsAskedFor('socks', configuration, warn), engines)
  const workers = Math.min(options.workers, threads.loops)
  if (workers < options.workers) warn(`threads are limited here: ${workers} loops in place of ${options.workers}`)
  const members: Members = {
    indexOf: (kind, name) => (kind === 'user' ? accounts : groups).named(name)?.index,
    groupOf: (user) => lines.groupOf(user),
  }
  const rules = await prepareRules(store, { folder: settings['state-dir'], members, warn }, workers)
  const accessLog = new AccessLog(accessLogOf(settings), warnOfTraffic)
  // Behind the engine, which ends its sessions.
  parts.defer(() => accessLog.close())
  const banning = await startBanning(settings, store, parts, log)
  const logins = new Logins(accounts, passwords, banning.bans, limiting.leases)
  const resolver = resolverOf(settings, threads, warnOfTraffic)
  const engine = await startEngine(
    settings.engine,
    { ...options, workers, ...limiting.memory, ...banning.memory, rules: rules.memory, ...(handed && { handed }) },
    {
      authenticate: (login, isWaiting) => logins.authenticate(login, isWaiting),
      resolve: (name, asker) => resolver.resolve(name, asker),
      warn: warnOfTraffic,
      fault: (error, message) => log.error(error, message),
    },
  )
  parts.defer(() => engine.close())
  banning.watch(engine)
  let current = settings
  const memory = groupMemory()
  const watch = memory && new MemoryWatch({ memory, countLive: () => countLive(engine.tables), warn: warnOfTraffic })
  parts.defer(() => watch?.close())
  const maxConnections = () => Math.min(current['max-connections'], watch?.most ?? Number.POSITIVE_INFINITY)
  const tuneEngine = () => engine.order('tune', { ...tuningOf(current), maxSessions: maxConnections() })
  watch?.start(() => void tuneEngine())
  return {
    engine,
    accounts,
    groups,
    usage: limiting.usage,
    limits,
    leases: limiting.leases,
    limitLines: lines,
    sourceLines: new SourceLines(limiting.memory.sourceLines),
    passwords,
    logins,
    policy,
    isTrusted: (name) => trustedUsers.has(name),
    bans: banning.bans,
    waiting: () => banning.waiting(),
    accessLog,
    names: resolver,
    members,
    rules,
    maxConnections,
    orders: new EngineOrders(
      engine,
      limits,
      options.policy,
      settings['proxy-protocol-from'],
      () => (isOfUsers(trustedFrom) ? trusted() : undefined),
      warn,
    ),
    async store() {
      await Promise.all([limiting.store(), banning.store()])
    },
    async tune(values) {
      resolver.timeout = values['timeout-resolve']
      banning.tune(values)
      accessLog.tune(accessLogOf(values))
      limiting.tune(values)
      trustedFrom = values['trusted-from']
      trustedUsers = trustedNames(trustedFrom)
      const allowed = { ...permissionsOf(values), trusted: trusted() }
      current = values
      await Promise.all([tuneEngine(), engine.order('apply', allowed)])
      await engine.order('limit', undefined)
    },
  }
}

/** Names, by the servers that the settings name, or as the system does. */
function resolverOf(settings: Readonly<Settings>, { pool }: ThreadShares, warn: (message: string) => void): Resolver {
  const lookUp = settings.dns.length > 0 ? byServers(settings.dns) : bySystem(pool, warn)
  return new Resolver({ timeout: settings['timeout-resolve'], warn, ...lookUp })
}

/** Where management is to be served: forbidden from the first client on, before those sockets are open. */
function managementAsked(settings: Readonly<Settings>): Endpoint[] {
  const at = (addresses: readonly string[], port: number) => addresses.map((address) => ({ address, port }))
  return [
    ...at(settings['control-addr'], settings['control-port']),
    ...at(settings['control-tls-addr'], settings['control-tls-port']),
  ]
}
