import { endOfSpan, type LimitValue } from '../../shared/limits.ts'
import type { User } from '../../shared/protocol/methods.ts'
import { parseSpan } from '../../shared/span.ts'
import type { Account, Accounts } from '../access/accounts.ts'
import type { Groups } from '../access/groups.ts'
import type { WayChange } from '../engine/engine.ts'
import type { Egress } from '../net/egress.ts'
import { type Network, parseNetwork } from '../net/network.ts'
import { inSlices } from '../slices.ts'
import { type Cycle, cycleAt } from './cycle.ts'
import { damageOf, damageWarning } from './damaged-limits.ts'
import { type Effective, EffectiveLimits, numberOf, textOf } from './effective-limits.ts'
import type { Usage } from './usage.ts'

/** Why somebody may not come any more. */
export type Bar = 'quota' | 'expired'

/** What loops read of each user, by index. */
export interface Lines {
  set(
    index: number,
    limits: {
      readonly group: number
      readonly rateUp: number | undefined
      readonly rateDown: number | undefined
      readonly maxConnections: number | undefined
      readonly maxSources: number | undefined
      readonly over: number | undefined
    },
  ): void
  bar(index: number, why: Bar | undefined): void
  /** In KiB; undefined: there is no quota. */
  setQuota(index: number, left: number | undefined): void
  clear(index: number): void
  sources(index: number): number
  refusals(index: number): number
}

/** What a user may have here, where others serve them too; undefined where there is no such limit. */
export interface Share {
  readonly slots: number | undefined
  /** Bytes a second. */
  readonly rateUp: number | undefined
  readonly rateDown: number | undefined
}

/** Which part of their limits users may have here; nobody is cut off for want of it. */
export interface Shares {
  /** Undefined: all of them. */
  of(index: number, limits: Effective): Share | undefined
  /** Bytes of the quota; undefined: all that is left. */
  left(index: number): number | undefined
}

export interface LimitKeeperOptions {
  readonly accounts: Accounts
  readonly groups: Groups
  readonly usage: Usage
  readonly lines: Lines
  /** Undefined where nobody else serves the same users. */
  readonly shares?: Shares | undefined
  /** What an operator should know. */
  readonly tell: (message: string) => void
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** What follows once the engine serves. */
export interface Followed {
  /** Live connections of a user. */
  connections(index: number): number
  /** Has live connections obey what was written: those of users who may not come any more end. */
  obey(): Promise<unknown>
  /** Has found out that a user whose time begins with the first use has come. */
  cameFirst(account: Account, now: number): Promise<unknown>
}

/** Milliseconds between two looks at what is used and at the clock: limits act within a second. */
const lookPeriod = 500

/** Bytes a second both ways for who has used up what is granted of a quota, until more is. */
const trickle = 64_000

/** Where a user stands. */
type Standing = Pick<User['use'], 'cycleEnds' | 'expires' | 'ended'>

/** Of where connections leave from. */
const systemsChoice: readonly string[] = []
const unlimited: Standing = { cycleEnds: null, expires: null, ended: null }
const nothing: User['use'] = { ...unlimited, sources: 0, used: 0, refused: 0 }
const never = Number.POSITIVE_INFINITY

/**
 * Has the loops keep the limits of users: writes their lines when users, groups or the time change, and tops up what is
 * left of quotas. Time is the wall's, looked at again and again, so that it may be set.
 */
export class LimitKeeper {
  readonly effective: EffectiveLimits
  readonly #accounts: Accounts
  readonly #groups: Groups
  readonly #usage: Usage
  readonly #lines: Lines
  readonly #shares: Shares | undefined
  readonly #tell: (message: string) => void
  readonly #now: () => number
  /** By index: when the clock changes something next. */
  readonly #due: number[] = []
  /** By index: bytes used at which something changes next, and those at the last look. */
  readonly #threshold: number[] = []
  readonly #seen: number[] = []
  /** By index, of a user with a quota that is not used up: its bytes. */
  readonly #quota: number[] = []
  readonly #standings = new Map<number, Standing>()
  readonly #warned = new Set<number>()
  /** Whose time begins with the first use. */
  readonly #unused = new Set<number>()
  /** By index, of those who may not come from everywhere: where from, as it is written. */
  readonly #sources = new Map<number, readonly string[]>()
  /** By index, of those whose connections leave from addresses of their own: which. */
  readonly #egress = new Map<number, Egress>()
  /** Whose limits were damaged when they were read last, and those of them, in words, who are told of next. */
  readonly #damaged = new Map<string, readonly [of: 'user' | 'group', name: string]>()
  #untold: string[] = []
  #changed: { sources?: Map<number, readonly Network[] | undefined>; egress?: Map<number, Egress | undefined> } = {}
  /** Of all that share a text. */
  readonly #networks = new WeakMap<readonly string[], readonly Network[]>()
  readonly #cycles = new Map<string, { readonly start: number; readonly end: number }>()
  #followed: Followed | undefined
  #timer: NodeJS.Timeout | undefined

  constructor({ accounts, groups, usage, lines, shares, tell, now = Date.now }: LimitKeeperOptions) {
    this.effective = new EffectiveLimits(groups)
    this.#accounts = accounts
    this.#groups = groups
    this.#usage = usage
    this.#lines = lines
    this.#shares = shares
    this.#tell = tell
    this.#now = now
    for (const account of accounts.list()) this.write(account)
  }

  /** Looks at use and clock from now on, until `stop`. */
  follow(followed: Followed): void {
    this.#followed = followed
    this.#timer = setInterval(() => this.look(), lookPeriod).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Starts an index from nothing, for its next owner, who has no connection yet. */
  begin(account: Account): void {
    this.#usage.begin(account)
    this.#lines.clear(account.index)
    this.#forget(account.index)
    this.write(account)
  }

  /** Writes the lines of these users, in slices. Users who have changed or gone meanwhile are written as they are. */
  async writeAll(accounts: readonly Account[]): Promise<void> {
    await inSlices(accounts, ({ name }) => {
      const account = this.#accounts.named(name)
      if (account) this.write(account)
    })
  }

  /** Writes a user's line as their limits, their use and the time are now. */
  write(account: Account): void {
    const { index } = account
    const now = this.#now()
    const limits = this.effective.of(account)
    const [group, { everybody }] = [this.#groups.of(account.limits), this.#groups]
    this.#noteDamage('user', account)
    for (const each of new Set([group, everybody])) this.#noteDamage('group', each)
    const quota = numberOf(limits, 'quota')
    const cycle = quota === undefined ? undefined : this.#cycleOf(limits, now)
    if (quota !== undefined) this.#beginCycle(index, cycle?.start, now)
    const expires = expiryOf(account, limits)
    const isUsedUp = quota !== undefined && this.#usage.used(index) >= quota
    const slowTo = isUsedUp ? numberOf(limits, 'over') : undefined
    const ended = expires !== undefined && now >= expires ? 'expired' : isUsedUp ? usedUp(slowTo) : null
    const share = this.#shares?.of(index, limits)
    this.#lines.set(index, {
      group: group.index,
      rateUp: share ? share.rateUp : numberOf(limits, 'rate-up'),
      rateDown: share ? share.rateDown : numberOf(limits, 'rate-down'),
      maxConnections: share ? share.slots : numberOf(limits, 'max-connections'),
      maxSources: numberOf(limits, 'max-sources'),
      over: share && !isUsedUp ? trickle : numberOf(limits, 'over'),
    })
    this.#restrict(index, limits.sources?.value)
    this.#steer(index, limits)
    this.#lines.bar(index, ended === 'slowed' || ended === null ? undefined : ended)
    this.#due[index] = Math.min(ended === 'expired' ? never : (expires ?? never), cycle?.end ?? never)
    this.#watchQuota(index, isUsedUp ? undefined : quota, numberOf(limits, 'warn'))
    this.#lines.setQuota(index, quota === undefined ? undefined : this.#left(index))
    this.#stand(account, { cycleEnds: cycle?.end ?? null, expires: expires ?? null, ended })
    if (expires === undefined && textOf(limits, 'expires') !== undefined) this.#unused.add(index)
    else this.#unused.delete(index)
  }

  /** Whose ways are not as they were when asked last; undefined if all are. */
  takeWays(): WayChange | undefined {
    const changed = this.#changed
    this.#changed = {}
    return changed.sources || changed.egress ? changed : undefined
  }

  /** Where a user stands, and what they use. */
  usageOf({ index }: Account): User['use'] {
    const standing = this.#standings.get(index)
    const [sources, refused] = [this.#lines.sources(index), this.#lines.refusals(index)]
    if (!standing && sources === 0 && refused === 0) return nothing
    return {
      ...(standing ?? unlimited),
      sources,
      used: standing ? Math.max(0, this.#usage.used(index)) : 0,
      refused,
    }
  }

  /** Lets these users' quota begin anew. */
  reset(accounts: readonly Account[]): Promise<void> {
    for (const { index } of accounts) this.#mark(index, this.#now())
    return this.writeAll(accounts)
  }

  /** Whose limits are damaged, in words for people. */
  get damages(): string[] {
    const known = { user: this.#accounts, group: this.#groups }
    const damages = [...this.#damaged.values()].flatMap(([of, name]) => {
      const owner = known[of].named(name)
      return (owner && damageOf(of, name, owner.limits)) ?? []
    })
    return damages.length > 0 ? [damageWarning(damages)] : []
  }

  /** Acts by what was used and by the clock since the last look. */
  look(): void {
    const now = this.#now()
    let hasWritten = false
    for (let index = 1; index <= this.#accounts.highestIndex; index++) {
      if (now < (this.#due[index] ?? never) && !this.#hasReached(index)) continue
      this.#rewrite(index)
      hasWritten = true
    }
    for (const index of this.#unused) if (this.#followed?.connections(index)) this.#begins(index, now)
    if (hasWritten) void this.#followed?.obey()
  }

  /** Tops up what is left of the quota, if something was used; whether that is all. */
  #hasReached(index: number): boolean {
    if ((this.#threshold[index] ?? never) === never) return false
    const used = this.#usage.used(index)
    if (used === this.#seen[index]) return false
    this.#seen[index] = used
    this.#lines.setQuota(index, this.#left(index))
    return used >= this.#threshold[index]
  }

  #rewrite(index: number): void {
    const account = this.#accountAt(index)
    if (account) this.write(account)
    else this.#forget(index)
  }

  #begins(index: number, now: number): void {
    this.#unused.delete(index)
    const account = this.#accountAt(index)
    if (account) void this.#followed?.cameFirst(account, now)
  }

  #accountAt(index: number): Account | undefined {
    const name = this.#accounts.nameOf(index)
    return name === undefined ? undefined : this.#accounts.named(name)
  }

  #forget(index: number): void {
    this.#due[index] = never
    this.#threshold[index] = never
    this.#quota[index] = never
    this.#standings.delete(index)
    this.#warned.delete(index)
    this.#unused.delete(index)
  }

  #restrict(index: number, value: LimitValue | undefined): void {
    const written = typeof value === 'object' && value !== null ? value : undefined
    if (this.#sources.get(index) === written) return
    if (written) this.#sources.set(index, written)
    else this.#sources.delete(index)
    this.#changed.sources ??= new Map()
    this.#changed.sources.set(index, written && this.#networksOf(written))
  }

  #networksOf(written: readonly string[]): readonly Network[] {
    const known = this.#networks.get(written)
    if (known) return known
    const networks = written.map(parseNetwork)
    this.#networks.set(written, networks)
    return networks
  }

  #steer(index: number, limits: Effective): void {
    const value = limits.egress?.value
    const from = typeof value === 'object' && value !== null ? value : systemsChoice
    const mode = textOf(limits, 'egress-mode') === 'turns' ? 'turns' : 'sticky'
    const before = this.#egress.get(index)
    const after: Egress | undefined = from !== systemsChoice || mode === 'turns' ? { from, mode } : undefined
    if (before?.from === after?.from && before?.mode === after?.mode) return
    if (after) this.#egress.set(index, after)
    else this.#egress.delete(index)
    this.#changed.egress ??= new Map()
    this.#changed.egress.set(index, after)
  }

  /** The first quota that somebody gets counts from then on, and so does each cycle. */
  #beginCycle(index: number, start: number | undefined, now: number): void {
    const marked = this.#usage.marked(index)
    if (marked === 0) this.#mark(index, now)
    // Every node of a fleet comes to a cycle in its own time, and knows by this that it is the same one: its mark is set once.
    else if (start !== undefined && marked < start) this.#mark(index, start)
  }

  #mark(index: number, now: number): void {
    this.#usage.mark(index, now)
    this.#warned.delete(index)
  }

  /** `quota` is undefined if there is none to be used up. */
  #watchQuota(index: number, quota: number | undefined, warn: number | undefined): void {
    const used = this.#usage.used(index)
    const warnAt = warn === undefined || this.#warned.has(index) ? never : ((quota ?? 0) * warn) / 100
    this.#seen[index] = used
    this.#quota[index] = quota ?? never
    this.#threshold[index] = quota === undefined ? never : Math.min(quota, warnAt)
    if (used < warnAt || quota === undefined) return
    this.#warned.add(index)
    this.#threshold[index] = quota
    this.#say(index, `has used ${warn} % of the quota`)
  }

  #stand(account: Account, next: Standing): void {
    const before = this.#standings.get(account.index)
    const isLimited = next.cycleEnds !== null || next.expires !== null || next.ended !== null
    const hasQuota = (this.#quota[account.index] ?? never) !== never
    if (isLimited || hasQuota) this.#standings.set(account.index, isSame(before, next) ? (before as Standing) : next)
    else this.#standings.delete(account.index)
    const was = before?.ended ?? null
    if (was !== next.ended) this.#say(account.index, words[next.ended ?? 'none'])
  }

  /** In KiB; 0 of a quota that is used up. */
  #left(index: number): number {
    const quota = this.#quota[index] ?? never
    const left = quota === never ? 0 : Math.min(quota - this.#seen[index], this.#shares?.left(index) ?? never)
    return Math.max(0, Math.ceil(left / 1024))
  }

  /** Tells it once, and of all that comes to light at a time in one line. */
  #noteDamage(of: 'user' | 'group', { name, limits }: Pick<Account, 'name' | 'limits'>): void {
    const damage = damageOf(of, name, limits)
    const key = damage === undefined && this.#damaged.size === 0 ? '' : `${of} ${name}`
    if (damage === undefined) this.#damaged.delete(key)
    if (damage === undefined || this.#damaged.has(key)) return
    this.#damaged.set(key, [of, name])
    this.#untold.push(damage)
    queueMicrotask(() => {
      if (this.#untold.length > 0) this.#tell(damageWarning(this.#untold.splice(0)))
    })
  }

  /** What was so before the start was told then. */
  #say(index: number, what: string): void {
    if (this.#followed) this.#tell(`user ${JSON.stringify(this.#accounts.nameOf(index))} ${what}`)
  }

  /** Of many users with one cycle it is worked out once. */
  #cycleOf(limits: Effective, now: number): { readonly start: number; readonly end: number } | undefined {
    const length = textOf(limits, 'cycle')
    if (length !== 'day' && length !== 'week' && length !== 'month') return undefined
    const day = numberOf(limits, 'cycle-day') ?? 1
    const cycle: Cycle = { length, day, zone: textOf(limits, 'time-zone') ?? 'UTC' }
    const key = `${length} ${day} ${cycle.zone}`
    const known = this.#cycles.get(key)
    if (known && now >= known.start && now < known.end) return known
    const found = cycleAt(cycle, now)
    this.#cycles.set(key, found)
    return found
  }
}

const words = {
  quota: 'has used up the quota, and is cut off',
  slowed: 'has used up the quota, and is slowed down',
  expired: 'has expired',
  none: 'may go on: quota and time are not over any more',
} as const

function usedUp(slowTo: number | undefined): 'quota' | 'slowed' {
  return slowTo === undefined ? 'quota' : 'slowed'
}

/** When a user may not come any more; undefined: never, or it depends on a first use that has not been. */
function expiryOf({ created, firstUsed }: Account, limits: Effective): number | undefined {
  const value = limits.expires?.value
  if (typeof value !== 'string') return typeof value === 'number' ? value : undefined
  const begins = textOf(limits, 'starts') === 'first-use' ? firstUsed : created
  return begins === null ? undefined : endOfSpan(begins, parseSpan(value) ?? 0)
}

function isSame(one: Standing | undefined, other: Standing): boolean {
  return one?.ended === other.ended && one.expires === other.expires && one.cycleEnds === other.cycleEnds
}
