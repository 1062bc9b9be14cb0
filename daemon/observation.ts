import type { Result, User } from '../shared/protocol/methods.ts'
import type { Account } from './access/accounts.ts'
import type { LateChanges } from './access/late-changes.ts'
import { shutOut } from './access/load-accounts.ts'
import { lostPassword } from './access/password-hash.ts'
import type { Users } from './access/users.ts'
import type { DataPlane } from './data-plane.ts'
import type { Ending } from './ending.ts'
import { Direction, eachSource, everybody } from './engine/shared/limit-lines.ts'
import { plain } from './limits/limit-values.ts'
import { nearLimits } from './limits/near-limits.ts'
import { ObservedConnections } from './observe/connections.ts'
import { healthReport, StoreChanges } from './observe/health.ts'
import { RecordedMetrics } from './observe/metrics.ts'
import { byLimits, byRules, tellRefusals } from './observe/refusal-lines.ts'
import type { RateOf } from './observe/session-rows.ts'
import { ThroughputHistory } from './observe/throughput-history.ts'
import { UserTraffic } from './observe/user-traffic.ts'
import type { KeptLimits } from './observe/users.ts'
import { WallClock } from './observe/wall-clock.ts'
import type { LiveSettings } from './settings/live-settings.ts'
import { noLogin, type Store } from './store/store.ts'

/** Users near a limit who are told of at most. */
const mostNear = 20

/** What is watched. */
interface Watched {
  readonly store: Store
  readonly dataPlane: DataPlane
}

/** What the daemon's status tells of what operators change. */
interface Known {
  readonly users: Pick<Users, 'passwordRequired' | 'lastUserOpens'>
  readonly config: Pick<LiveSettings, 'values' | 'damages'>
  readonly late: Pick<LateChanges, 'waiting'>
}

/** What the daemon knows of itself. */
export interface Observed {
  readonly wall: WallClock
  readonly changes: StoreChanges
  readonly traffic: UserTraffic
  readonly metrics: RecordedMetrics
}

/** Watches the data plane. What is to be closed in the end goes into `parts`, in order. */
export function observe({ store, dataPlane }: Watched, parts: AsyncDisposableStack): Observed {
  const { engine, accounts } = dataPlane
  const changes = new StoreChanges()
  parts.defer(store.watch(changes.heard))
  const traffic = new UserTraffic(engine.tables)
  const metrics = new RecordedMetrics(engine.tables, traffic, accounts)
  parts.defer(() => metrics.stop())
  return { wall: new WallClock(), changes, traffic, metrics }
}

export type Listening = Result<'status.get'>['listening']

/** Hours or days in a graph: more than there can be. */
const mostSteps = 1000

/** Throughput over time, from memory and from what is kept. */
export function historyOf({ store, dataPlane: { accounts } }: Watched, metrics: RecordedMetrics): ThroughputHistory {
  return new ThroughputHistory({
    recent: (range, user) => metrics.throughput(range, user),
    read: (wish) => store.usage.read({ ...wish, offset: 0, limit: mostSteps }),
    idOf: (user) => (user === null ? noLogin : accounts.named(user)?.id),
  })
}

/** As rows of users tell of them. */
export function keptLimits({ groups, limits: keeper }: DataPlane): KeptLimits<Account> {
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

/** The connections, as rows tell of them. */
export function observedConnections(
  { engine, accounts, limitLines }: DataPlane,
  config: Pick<LiveSettings, 'values'>,
  wall: WallClock,
) {
  const nameOf = (index: number) => accounts.lastNameOf(index)
  const lineOf = { everybody, source: eachSource } as const
  const rateOf: RateOf = (by, user) => {
    const line = by === 'user' ? user : lineOf[by]
    return { up: limitLines.rate(line, Direction.up), down: limitLines.rate(line, Direction.down) }
  }
  return new ObservedConnections(engine, nameOf, () => config.values, wall, rateOf)
}

/** Has the access log tell of what passes from now on, under the same ids as elsewhere. */
export function watchAccess({ engine, accounts, accessLog }: DataPlane, { tag }: ObservedConnections): void {
  const users = () =>
    Array.from({ length: accounts.highestIndex }, (_, i) => [i + 1, accounts.lastNameOf(i + 1) ?? ''] as const)
  accessLog.watch({ tables: engine.tables, tag, users })
}

/** Milliseconds between two lines about whom rules or limits have refused something. */
const refusalPeriod = 60_000

/** Tells of them, until the function that it returns is called. */
export function watchRefusals(
  { engine, accounts, limits, limitLines: lines, sourceLines: sources }: DataPlane,
  config: Pick<LiveSettings, 'values'>,
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

/** Tells what the daemon is and how it does, whenever it is asked. */
export function statusReport(
  {
    dataPlane,
    version,
    ending,
    predecessor,
  }: Watched & {
    readonly version: string
    readonly ending: Ending
    readonly predecessor: { readonly generation: number; readonly live: number } | undefined
  },
  { wall, changes, metrics }: Observed,
  { users, config, late }: Known,
  {
    instance,
    listening,
    openMetrics,
    webhook,
    fleet,
  }: {
    readonly instance: string
    readonly listening: Listening
    readonly openMetrics: readonly string[]
    readonly webhook: { readonly state: Result<'status.get'>['health']['webhook'] } | undefined
    readonly fleet: () => Result<'status.get'>['health']['fleet']
  },
): () => Result<'status.get'> {
  const { engine, accounts, names, accessLog, maxConnections } = dataPlane
  const { usage, limits, limitLines: lines } = dataPlane
  const waiting = () => [...late.waiting, ...dataPlane.waiting()]
  const damages = () => [...damagesOf(dataPlane), ...config.damages]
  const near = nearLimits({ accounts, effective: limits.effective, usage, lines }, mostNear)
  const health = healthReport({
    ...{ engine, maxConnections, metrics, waiting, damages, names, near, accessLog, openMetrics, webhook, fleet },
    store: changes,
    balancers: config.values['proxy-protocol-from'],
    trusted: () => config.values['trusted-from'],
  })
  const started = performance.now()
  return () => ({
    version,
    instance,
    pid: process.pid,
    engine: engine.kind,
    workers: engine.tables.length,
    started: wall.tellNow(started),
    generation: predecessor?.generation ?? 1,
    ...(predecessor && predecessor.live > 0 && { before: predecessor.live }),
    draining: ending.isDraining,
    passwordRequired: users.passwordRequired,
    lastUserOpens: users.lastUserOpens,
    users: accounts.size,
    listening,
    health: health(),
    sample: metrics.now(),
  })
}

/** What is damaged in the store, and keeps out whoever it is about, in words for people. */
function damagesOf({ accounts, limits, bans }: DataPlane): string[] {
  const closed = accounts.list().flatMap(({ name, password }) => (password === lostPassword ? name : []))
  return [...(closed.length > 0 ? [shutOut(...closed)] : []), ...limits.damages, ...bans.damages]
}
