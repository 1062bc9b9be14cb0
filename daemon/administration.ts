import { AbsentAccounts } from './access/absent-accounts.ts'
import type { Account } from './access/accounts.ts'
import { LateChanges } from './access/late-changes.ts'
import { Operators } from './access/operators.ts'
import { type Loops, Users } from './access/users.ts'
import type { Transfer } from './control/backend.ts'
import type { DataPlane } from './data-plane.ts'
import type { Ending } from './ending.ts'
import { RefusingLimit } from './engine/shared/limit-lines.ts'
import { AdoptedAccounts } from './fleet/adopted-accounts.ts'
import { LimitChanges } from './limits/limit-changes.ts'
import type { DaemonLog } from './log.ts'
import type { UserTraffic } from './observe/user-traffic.ts'
import type { MetricsServer } from './prometheus/server.ts'
import type { UserSeries } from './prometheus/user-series.ts'
import { withoutRepeats } from './repeats.ts'
import { LiveRules, type LiveRulesOptions } from './rules/live-rules.ts'
import type { ServiceManager } from './service/service-manager.ts'
import type { Configuration } from './settings/configuration.ts'
import { LiveSettings } from './settings/live-settings.ts'
import { settingEffects } from './settings/setting-effects.ts'
import type { HandedSockets } from './sockets/handed-sockets.ts'
import type { ChangeMark, Store, StoredSettings } from './store/store.ts'
import { AccountTransfer } from './transfer/account-transfer.ts'
import { Backups } from './transfer/backups.ts'
import { Turns, withoutMandate } from './turns.ts'
import type { Predecessor } from './upgrade/predecessor.ts'

export interface ManagementOptions {
  readonly configuration: Configuration
  readonly stored: StoredSettings
  readonly store: Store
  /** The last change that was in a fleet's store when the daemon began to read it; undefined where the store is its own. */
  readonly lastChange: ChangeMark | undefined
  readonly dataPlane: DataPlane
  readonly version: string
  readonly ending: Ending
  readonly log: DaemonLog
  /** Where monitoring asks; undefined: nowhere. */
  readonly monitoring: MetricsServer | undefined
  /** The daemon that makes way for this one. */
  readonly predecessor: Predecessor | undefined
  /** That `--config` names. */
  readonly configFile: string | undefined
  /** Sockets that the process was started with. */
  readonly handed: HandedSockets | undefined
  readonly manager: ServiceManager
  /** As the process was started with. */
  readonly environment: NodeJS.ProcessEnv
}

/** What operators may change. */
export interface Administered {
  readonly users: Users
  readonly limits: LimitChanges
  readonly operators: Operators
  readonly config: LiveSettings
  readonly rules: LiveRules
  readonly accountTransfer: AccountTransfer
  /** Users and groups that other nodes of a fleet change. */
  readonly adoptedAccounts: AdoptedAccounts
  /** Undefined where all users are in memory for good: it is in no fleet. */
  readonly absent: AbsentAccounts | undefined
  readonly late: LateChanges
}

/** Puts together what changes users, rules, settings and operators. What is to be closed in the end goes into `parts`, in order. */
export async function administer(
  options: ManagementOptions,
  traffic: UserTraffic,
  userSeries: UserSeries | undefined,
  parts: AsyncDisposableStack,
): Promise<Administered> {
  const { configuration, stored, store, dataPlane, ending, log } = options
  const late = new LateChanges((message) => log.logger.warn(message))
  parts.defer(() => late.close())
  const rules = liveRules(options, late, { settings: () => config.values, bring: (names) => absent?.bringAll(names) })
  parts.defer(() => rules.close())
  const { users, limits, accountTransfer, adoptedAccounts, absent } = administerAccounts(options, {
    rules,
    late,
    traffic,
    userSeries,
  })
  parts.defer(() => dataPlane.limits.stop())
  parts.defer(() => absent?.close())
  const config = new LiveSettings({
    configuration,
    stored,
    store: store.settings,
    late,
    effects: settingEffects({ dataPlane, users, ending, log, bring: absent && ((names) => absent.bringAll(names)) }),
    tell: (message) => log.logger.info(message),
  })
  const operators = await Operators.load(store.operators, late)
  return { users, limits, operators, config, rules, accountTransfer, adoptedAccounts, absent, late }
}

function liveRules(
  { configuration, store, dataPlane, log }: ManagementOptions,
  late: LateChanges,
  { settings, bring }: Pick<LiveRulesOptions, 'settings' | 'bring'>,
): LiveRules {
  const { engine, members, names } = dataPlane
  const { 'state-dir': folder } = configuration.values
  const own = () => dataPlane.orders.own
  const lookUp = lookUpWith(names)
  const warn = (message: string) => log.logger.warn(message)
  return new LiveRules(
    { engine, members, store: store.rules, late, folder, warn, settings, own, lookUp, bring },
    dataPlane.rules,
  )
}

/** Users and groups: what operators change of them, and what logins and traffic do. */
function administerAccounts(
  { store, dataPlane, log }: ManagementOptions,
  {
    rules,
    late,
    traffic,
    userSeries,
  }: {
    readonly rules: LiveRules
    readonly late: LateChanges
    readonly traffic: UserTraffic
    readonly userSeries: UserSeries | undefined
  },
): Pick<Administered, 'users' | 'limits' | 'accountTransfer' | 'adoptedAccounts' | 'absent'> {
  const { accounts, groups, passwords, policy, limits: keeper, leases, usage, accessLog, limitLines } = dataPlane
  const turns = new Turns()
  const loops: Loops = {
    userChanged(change) {
      rules.membersChanged()
      return dataPlane.orders.userChanged(change)
    },
  }
  const begin = (account: Account) => {
    traffic.begin(account.index)
    userSeries?.begin(account)
    accessLog.begin(account)
    keeper.begin(account)
  }
  const indices = {
    begin(account: Account) {
      begin(account)
      // Their index was somebody else's; this comes to the loops before they hear of the user.
      void dataPlane.orders.limitsChanged()
    },
  }
  const obey = async () => {
    await dataPlane.orders.limitsChanged()
    await rules.groupsChanged()
  }
  const limits = new LimitChanges({ accounts, groups, keeper, store, late, turns, obey })
  const passwordRequired = () => users.passwordRequired
  const warn = (message: string) => log.logger.warn(message)
  const { fleet } = store
  const totals = fleet && ((ids: readonly number[]) => fleet.leases.totals(ids))
  const absent = totals
    ? new AbsentAccounts({
        ...{ accounts, turns, totals, store: store.users },
        warn: withoutRepeats(warn),
        enter(account, moved) {
          begin(account)
          if (moved) usage.load([account], [moved])
          keeper.write(account)
          limits.reachRevision(account.revision)
          rules.membersChanged()
          void dataPlane.orders.limitsChanged()
        },
        isIdle({ index, name }) {
          if (dataPlane.isTrusted(name)) return false
          const isHere = traffic.connections(index) + limitLines.live(index) > 0 || leases?.holds(index)
          return !isHere && usage.isGiven(index)
        },
        leave: ({ index: user }) =>
          loops.userChanged({ user, revision: accounts.revision, cut: true, passwordRequired: passwordRequired() }),
      })
    : undefined
  if (absent) dataPlane.logins.fetch((...login) => absent.bringFor(...login))
  const makeRoom = absent && ((count: number) => absent.makeRoom(count))
  const users = new Users({
    accounts,
    groups,
    passwords,
    policy,
    store: store.users,
    late,
    loops,
    indices,
    turns,
    makeRoom,
  })
  const common = { accounts, groups, limits, keeper, store, late, turns, loops, begin, obey }
  const accountTransfer = new AccountTransfer({ ...common, usage, totals, passwords, passwordRequired, makeRoom })
  const adoptedAccounts = new AdoptedAccounts({
    ...{ ...common, usage, passwordRequired, warn, absent },
    totals: async (ids) => (await totals?.(ids)) ?? [],
    isNeeded: (name) => dataPlane.isTrusted(name),
  })
  dataPlane.logins.follow((account, password) => {
    users.learnPassword(account, password).catch((error: Error) => {
      log.logger.warn(`the hash of ${JSON.stringify(account.name)} stays another program's for now: ${error.message}`)
    })
  })
  usage.follow(traffic)
  keeper.follow({
    connections: (index) => traffic.connections(index),
    obey: () => dataPlane.orders.limitsChanged(),
    cameFirst: (account, now) => withoutMandate(() => limits.cameFirst(account, now)),
  })
  leases?.follow({
    limits: (account) => keeper.effective.of(account),
    up: (index) => traffic.up(index),
    down: (index) => traffic.down(index),
    live: (index) => limitLines.connections(index),
    refused: (index) => limitLines.refusals(index, RefusingLimit.maxConnections),
    async write(some) {
      await keeper.writeAll(some)
      await dataPlane.orders.limitsChanged()
    },
    forget: (account) => users.forget(account),
  })
  return { users, limits, accountTransfer, adoptedAccounts, absent }
}

/** Names as clients get them looked up, for an operator who waits. */
function lookUpWith(names: DataPlane['names']): (name: string) => Promise<readonly string[]> {
  const asker = { user: 0, source: new Uint8Array(16), isWaiting: () => true }
  return async (name) => (await names.resolve(name, asker))?.addresses ?? []
}

/** All that is kept, taken elsewhere and brought here. */
export function transferring({ store }: ManagementOptions, { accountTransfer }: Administered): Transfer {
  const backups = new Backups(store.backups)
  return {
    backup: (wish) => backups.make(wish),
    export: (wish) => accountTransfer.export(wish),
    import: (wish) => accountTransfer.import(wish),
  }
}
