import type { Account, Accounts } from '../access/accounts.ts'
import { type Lease, type LeaseAsk, type LeaseStore, leaseAskPeriod, leaseTime } from '../store/store.ts'
import type { Effective } from './effective-limits.ts'
import { askFor, type Held, isDue, renewal, type Standing, sharedOf } from './lease-needs.ts'
import type { Share, Shares } from './limit-keeper.ts'
import type { Usage } from './usage.ts'

/** What becomes of users with limits when the store of the fleet has not answered for as long as leases hold. */
export type WhenAway = 'limit' | 'serve' | 'refuse'

export interface LeasesOptions {
  readonly accounts: Pick<Accounts, 'named' | 'nameOf' | 'highestIndex' | 'list'>
  readonly store: LeaseStore
  readonly usage: Pick<Usage, 'moved' | 'given' | 'agree' | 'save'>
  readonly whenAway: () => WhenAway
  /** What an operator should know. */
  readonly tell: (message: string) => void
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
}

/** What follows once the engine serves. By index. */
export interface Served {
  limits(account: Account): Effective
  /** Bytes in this run. They only grow. */
  up(index: number): number
  down(index: number): number
  /** Connections that are open. */
  live(index: number): number
  /** How often the user was refused for having too many. */
  refused(index: number): number
  /** Has loops and live connections go by what these users may have now. */
  write(accounts: readonly Account[]): Promise<unknown>
  /** Has the loops ask again when this user logs in. */
  forget(account: Account): Promise<unknown>
}

/** Milliseconds between two looks at what is used of leases. */
const lookPeriod = 250
/** Milliseconds between two looks for users who have none. */
const searchPeriod = 1_000
/** Milliseconds before that in which it goes along with others: hundreds of users are a few asks, and not one each. */
const renewedTogether = 5_000
/** Milliseconds for which somebody is gone whose lease is given back. */
const restTime = 60_000
/** Milliseconds that a login waits for a lease at most. */
const patience = 3_000
/** Milliseconds from a failure to the next attempt. */
const retryPeriod = 1_000
/** Of their rate, what users may move who have no lease yet. */
const without = 0.05

/** Logins that wait for a place, each to be told that there is one. */
type Waiting = (() => void)[]

/**
 * This daemon's part of the limits of users whom others of a fleet serve, too: asked for when a user comes, renewed while the
 * user is here, given back behind that. What is granted acts without another word; when it is nearly used up, more is asked
 * for, and meanwhile nobody is cut off.
 */
export class Leases implements Shares {
  readonly #options: LeasesOptions
  readonly #now: () => number
  /** By index. */
  readonly #held = new Map<number, Held>()
  readonly #waiting = new Map<number, Waiting>()
  /** By index, of those without a lease: how often they had been refused. */
  readonly #refused: number[] = []
  #served: Served | undefined
  #asking: Promise<void> | undefined
  #searched = 0
  /** When it asked last, and when it did so last with success. */
  #asked = 0
  #answered = 0
  /** When the store failed to answer first, since it has answered last; when it may be asked again. */
  #failing: number | undefined
  #nextTry = 0
  #isAway = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: LeasesOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  follow(served: Served): void {
    this.#served = served
    this.resume()
  }

  /** Asks for nothing any more: another process is this node. What is granted stays. */
  async pause(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#asking
  }

  /** Whether another process is this node. */
  get isPaused(): boolean {
    return this.#timer === undefined
  }

  resume(): void {
    if (!this.#timer) this.#answered = this.#now()
    this.#timer ??= setInterval(() => void this.look(), lookPeriod).unref()
  }

  /** Gives all back, unless it is another process's. */
  async close(): Promise<void> {
    const { isPaused } = this
    await this.pause()
    if (isPaused) return
    const users = [...this.#held.values()].map(({ id }) => id)
    this.#held.clear()
    if (users.length > 0 && this.#failing === undefined) await this.#options.store.release(users).catch(() => {})
  }

  holds(index: number): boolean {
    return this.#held.has(index)
  }

  /** For how many milliseconds the store has not answered; 0: it does. */
  get failingFor(): number {
    return this.#failing === undefined ? 0 : this.#now() - this.#failing
  }

  of(index: number, limits: Effective): Share | undefined {
    const whenAway = this.#isAway ? this.#options.whenAway() : 'limit'
    if (whenAway === 'serve') return undefined
    const { maxConnections, rateUp, rateDown, isShared } = sharedOf(limits)
    const isRefused = whenAway === 'refuse'
    if (!isShared && !isRefused) return undefined
    const held = this.#held.get(index)
    const slots = maxConnections === undefined ? undefined : (held?.slots ?? Number(this.#isAway))
    return {
      slots: isRefused ? 0 : slots,
      rateUp: rateUp && (held?.rateUp ?? Math.ceil(rateUp * without)),
      rateDown: rateDown && (held?.rateDown ?? Math.ceil(rateDown * without)),
    }
  }

  left(index: number): number | undefined {
    if (this.#isAway && this.#options.whenAway() === 'serve') return undefined
    const end = this.#held.get(index)?.end
    return end === undefined ? 0 : Math.max(0, end - this.#options.usage.moved(index))
  }

  /** Resolves when a user who logs in may have a connection here, or when there is no more use in waiting. */
  async prepare(account: Account): Promise<void> {
    const { index } = account
    if (!this.#isWanting(account)) return
    const turn = Promise.withResolvers<void>()
    this.#wait(index).push(turn.resolve)
    const timer = setTimeout(turn.resolve, patience)
    void this.look()
    await turn.promise
    clearTimeout(timer)
    const waiting = this.#waiting.get(index)
    const place = waiting?.indexOf(turn.resolve) ?? -1
    if (place >= 0) waiting?.splice(place, 1)
    if (waiting?.length === 0) this.#waiting.delete(index)
  }

  /** Asks for what is due, unless it asks already; resolves when that has had an answer, or none. */
  async look(): Promise<void> {
    const now = this.#now()
    if (this.#timer && !this.#isAway && now - this.#answered >= leaseTime) this.#loseTouch()
    if (this.#asking || !this.#served || now < this.#nextTry || !this.#timer) return this.#asking
    if (now - this.#searched >= searchPeriod) this.#search(now)
    const due = new Set<Account>()
    const resting: Account[] = []
    const soon: Account[] = []
    for (const [index, held] of this.#held) {
      const account = this.#accountAt(index)
      if (!account || account.id !== held.id) {
        this.#held.delete(index)
        continue
      }
      this.#measure(index, held, now)
      if (now - held.lastLive > restTime && !this.#waiting.has(index)) resting.push(account)
      else if (isDue(this.#standing(account), held, now)) due.add(account)
      else if (now - held.asked >= renewal - renewedTogether) soon.push(account)
    }
    if (due.size > 0) for (const account of soon) due.add(account)
    for (const index of this.#waiting.keys()) {
      const account = this.#accountAt(index)
      if (!account) this.#goOn(index)
      else due.add(account)
    }
    if (due.size + resting.length === 0 && now - this.#asked < leaseAskPeriod) return
    this.#asked = now
    this.#asking = this.#round([...due], resting)
    await this.#asking
    this.#asking = undefined
    // Who came meanwhile need not wait for the next look.
    for (const index of this.#waiting.keys()) {
      const account = this.#accountAt(index)
      if (account && !due.has(account)) return this.look()
    }
  }

  /** Users who came without a login that was asked about, or whose limits are new. */
  #search(now: number): void {
    this.#searched = now
    const served = this.#served as Served
    for (let index = 1; index <= this.#options.accounts.highestIndex; index++) {
      const refused = served.refused(index)
      const wasRefused = refused !== (this.#refused[index] ?? 0)
      this.#refused[index] = refused
      if (this.#held.has(index) || (!wasRefused && served.live(index) === 0)) continue
      const account = this.#accountAt(index)
      if (account && this.#isWanting(account)) this.#wait(index)
    }
  }

  #wait(index: number): Waiting {
    const waiting = this.#waiting.get(index) ?? []
    this.#waiting.set(index, waiting)
    return waiting
  }

  /** Lets in as many of those who wait as there are places. */
  #goOn(index: number, places: number = Number.POSITIVE_INFINITY): void {
    const waiting = this.#waiting.get(index)
    for (const resolve of waiting?.splice(0, Math.max(0, places)) ?? []) resolve()
    if (waiting?.length === 0) this.#waiting.delete(index)
  }

  /** Of connections beside those that are open. */
  #places(account: Account): number {
    const { maxConnections } = sharedOf((this.#served as Served).limits(account))
    const slots = this.#held.get(account.index)?.slots ?? 0
    // More than all there are, nobody gets by waiting.
    if (maxConnections === undefined || slots >= maxConnections) return Number.POSITIVE_INFINITY
    return slots - (this.#served as Served).live(account.index)
  }

  #isWanting(account: Account): boolean {
    if (!this.#served || account.id === undefined || this.#isAway) return false
    if (!sharedOf(this.#served.limits(account)).isShared) return false
    return !this.#held.has(account.index) || this.#places(account) <= (this.#waiting.get(account.index)?.length ?? 0)
  }

  #measure(index: number, held: Held, now: number): void {
    const { up, down, live } = this.#served as Served
    if (live(index) > 0) held.lastLive = now
    const { pace } = held
    const seconds = (now - pace.time) / 1000
    if (seconds < 1) return
    const [allUp, allDown] = [up(index), down(index)]
    held.pace = {
      ...{ time: now, up: allUp, down: allDown },
      upRate: (allUp - pace.up) / seconds,
      downRate: (allDown - pace.down) / seconds,
    }
  }

  /**
   * Whether all that has moved is to be stored before more of a quota is asked for: the last of it goes by what is known to be used.
   * Where there is plenty, what is granted covers what is not stored yet, until that is stored in its time.
   */
  #isToBeCounted(account: Account): boolean {
    if (sharedOf((this.#served as Served).limits(account)).quota === undefined) return false
    return this.#held.get(account.index)?.isScarce ?? true
  }

  async #round(due: readonly Account[], resting: readonly Account[]): Promise<void> {
    const { store, usage } = this.#options
    const served = this.#served as Served
    try {
      for (const account of resting) this.#held.delete(account.index)
      await served.write(resting)
      await Promise.all(resting.map((account) => served.forget(account)))
      if (due.some((account) => this.#isToBeCounted(account))) await usage.save(Date.now())
      const asks = due.map((account) => ({
        account,
        given: usage.given(account.index),
        ask: askFor(account.id as number, this.#standing(account), this.#held.get(account.index)),
      }))
      const leases = await store.refresh(asks.map(({ ask }) => ask))
      const counted = asks.filter(({ ask }) => ask.limits.quota !== undefined).map(({ ask }) => ask.user)
      const totals = counted.length > 0 ? await store.totals(counted) : []
      const [leaseOf, totalOf] = [byUser(leases), byUser(totals)]
      for (const { account, given, ask } of asks) {
        const { index } = account
        const total = totalOf.get(ask.user)
        if (total && usage.given(index) === given) usage.agree(index, total)
        const lease = leaseOf.get(ask.user)
        if (lease) this.#hold(index, ask, lease, given)
        else this.#held.delete(index)
      }
      await served.write(due)
      if (resting.length > 0) await store.release(resting.map(({ id }) => id as number))
      for (const account of due) this.#goOn(account.index, this.#places(account))
      this.#reached()
    } catch (error) {
      this.#missed(error as Error)
    }
  }

  #standing(account: Account): Standing {
    const { index } = account
    const { usage } = this.#options
    const served = this.#served as Served
    return {
      moved: usage.moved(index),
      given: usage.given(index),
      live: served.live(index),
      waiting: this.#waiting.get(index)?.length ?? 0,
      refused: served.refused(index),
      limits: () => sharedOf(served.limits(account)),
    }
  }

  #hold(index: number, { wantsUp, wantsDown, unused, wantsBytes }: LeaseAsk, lease: Lease, given: number): void {
    const served = this.#served as Served
    const [now, before] = [this.#now(), this.#held.get(index)]
    const moved = this.#options.usage.moved(index)
    const end = lease.bytes === undefined ? undefined : given + lease.bytes
    const pace = before?.pace ?? { time: now, up: served.up(index), down: served.down(index), upRate: 0, downRate: 0 }
    this.#held.set(index, {
      id: lease.user,
      slots: lease.slots,
      rateUp: steady(before?.rateUp, lease.rateUp),
      rateDown: steady(before?.rateDown, lease.rateDown),
      contested: lease.contested,
      hasGrown: (lease.slots ?? 0) > (before?.slots ?? 0),
      end,
      granted: end === undefined ? 0 : Math.max(0, end - moved),
      isScarce: lease.bytes !== undefined && lease.bytes < unused + wantsBytes,
      asked: now,
      moved,
      refused: served.refused(index),
      wants: { up: wantsUp, down: wantsDown },
      pace,
      lastLive: before?.lastLive ?? now,
    })
  }

  #reached(): void {
    const failed = this.failingFor
    this.#failing = undefined
    this.#answered = this.#asked
    this.#nextTry = 0
    if (failed > 0) this.#options.tell(`the store of the fleet answers again, after ${Math.round(failed / 1000)} s`)
    if (!this.#isAway) return
    this.#isAway = false
    void this.#served?.write(this.#options.accounts.list())
  }

  #missed(error: Error): void {
    const now = this.#now()
    this.#nextTry = now + retryPeriod
    if (this.#failing === undefined) {
      this.#failing = now
      this.#options.tell(`limits are not shared out among the fleet: ${error.message}`)
    }
  }

  /** What was granted last is others' by now: it was asked for so long ago, however long the store takes to fail. */
  #loseTouch(): void {
    this.#isAway = true
    for (const index of [...this.#waiting.keys()]) this.#goOn(index)
    this.#options.tell(`the store of the fleet has been away for a minute: ${awayWords[this.#options.whenAway()]}`)
    void this.#served?.write(this.#options.accounts.list())
  }

  #accountAt(index: number): Account | undefined {
    const name = this.#options.accounts.nameOf(index)
    return name === undefined ? undefined : this.#options.accounts.named(name)
  }
}

const awayWords: Readonly<Record<WhenAway, string>> = {
  limit: 'users with limits go on with what they had last',
  serve: 'users have all that their limits say, on each node',
  refuse: 'nobody gets a new connection',
}

function byUser<Row extends { readonly user: number }>(rows: readonly Row[]): Map<number, Row> {
  return new Map(rows.map((row) => [row.user, row]))
}

/** A rate that is as good as before stays: with a new one, those that wait for credit begin anew. */
function steady(before: number | undefined, next: number | undefined): number | undefined {
  if (before === undefined || next === undefined) return next
  return Math.abs(next - before) < before / 50 ? before : next
}
