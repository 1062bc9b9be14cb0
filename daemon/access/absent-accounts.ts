import { Refusal } from '../refusal.ts'
import type { StoredUsage, StoredUser, UserStore } from '../store/store.ts'
import { type Turns, withoutMandate } from '../turns.ts'
import type { Account, Accounts } from './accounts.ts'
import { type Claimant, FairQueue } from './fair-queue.ts'
import { shutOut } from './load-accounts.ts'
import { lostPassword, storedPassword } from './password-hash.ts'

export interface AbsentAccountsOptions {
  readonly accounts: Accounts
  readonly store: Pick<UserStore, 'named' | 'count'>
  /** What users, by id, have moved everywhere. */
  readonly totals: (ids: readonly number[]) => Promise<readonly StoredUsage[]>
  /** In which all that changes users takes its turn. */
  readonly turns: Turns
  /** Has a user who was not there have an index, with what they have moved so far. */
  readonly enter: (account: Account, moved: StoredUsage | undefined) => void
  /** Whether nothing here is about the user just now. */
  readonly isIdle: (account: Account) => boolean
  /** Has all loops forget a user. */
  readonly leave: (account: Account) => Promise<unknown>
  readonly warn: (message: string) => void
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number
}

/** Room that is made at once, when there is less than that for more users. */
const roomMade = 2_048
/** Milliseconds between two looks at all users for those who are idle, where one has found so few that the next would come soon. */
const lookPause = 1_000
/** Look-ups under way at once: whoever makes up names takes no more than these from those who have one. */
const mostAsked = 16
/** Logins that wait for theirs: a server that is slow answers so many within seconds. */
const mostWaiting = 1_024
/** Milliseconds between two counts of all users, about: of a million the store takes 0.1 s, of more longer, and every node of a fleet asks. */
const countPeriod = 600_000
/** Users up to which it is that. */
const fewUsers = 1_000_000
const jitter = 0.2

/**
 * Users of a fleet's store, where it has more of them than a node has in memory: they come when they log in, or when an operator
 * names them, and who has been idle longest goes when there is no room for others. A node that has all of them does so until
 * they are more than fit.
 */
export class AbsentAccounts {
  readonly #options: AbsentAccountsOptions
  readonly #queue = new FairQueue(mostAsked, mostWaiting)
  /** By name, of whom the store is asked. */
  readonly #asked = new Map<string, Promise<Account | undefined>>()
  /** By index, when they came, counted in those who came. */
  readonly #came: number[] = []
  #comers = 0
  /** Until when nobody is looked for who is idle, for one who logs in. */
  #looksAgain = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  readonly #now: () => number

  constructor(options: AbsentAccountsOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    if (options.accounts.isPartial) this.#waitToCount()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /**
   * Resolves to the user of that name, who is present from now on; undefined if there is none. An operator does not wait behind those
   * who log in. Rejects with a Refusal if the store does not tell, and if there is no room.
   */
  async bring(name: string): Promise<Account | undefined> {
    const present = this.#present(name)
    return present || !this.#options.accounts.isPartial ? present : this.#queue.runNext(() => this.#find(name))
  }

  /** All of them that there are; undefined where all users are in memory. Rejects as `bring` does. */
  bringAll(names: Iterable<string>): Promise<unknown> | undefined {
    if (!this.#options.accounts.isPartial) return undefined
    return Promise.all([...new Set(names)].map((name) => this.bring(name)))
  }

  /**
   * As `bring`, for somebody who logs in, in their turn. Resolves to whether it is known now whether there is such a user; it is not
   * if too many wait beside them, nor if nobody waits any more when the turn comes.
   */
  async bringFor(name: string, claimant: Claimant, isWaiting: () => boolean): Promise<boolean> {
    if (this.#present(name) || !this.#options.accounts.isPartial) return true
    const found = await this.#queue.run(async () => {
      if (!isWaiting()) return undefined
      return { account: await this.#find(name) }
    }, claimant)
    return found !== undefined
  }

  #present(name: string): Account | undefined {
    const present = this.#options.accounts.named(name)
    if (present) this.#came[present.index] = ++this.#comers
    return present
  }

  /** Who asks for a name that the store is asked for gets that answer. */
  async #find(name: string): Promise<Account | undefined> {
    const known = this.#present(name) ?? this.#asked.get(name)
    if (known) return known
    const found = withoutMandate(() => this.#fetch(name)).finally(() => this.#asked.delete(name))
    this.#asked.set(name, found)
    return found
  }

  /** Who is not there costs no turn. What the store has is asked for again within it, for it may have changed meanwhile. */
  async #fetch(name: string): Promise<Account | undefined> {
    const { accounts, store, totals, turns, enter } = this.#options
    const found = await store.named(name)
    if (!found) return undefined
    return turns.take(async () => {
      const present = accounts.named(name)
      if (present) return present
      const [stored, [usage]] = await Promise.all([store.named(name), totals([found.id])])
      if (!stored) return undefined
      // Somebody else of that name may have come.
      const [moved] = stored.id === found.id ? [usage] : await totals([stored.id])
      // Logins may come many times a second, to a node where all are busy.
      if (accounts.room < 1 && this.#now() < this.#looksAgain) throw this.#full()
      await this.makeRoom(1)
      const account = accounts.add(this.#read(stored))
      accounts.absent = Math.max(0, accounts.absent - 1)
      this.#came[account.index] = ++this.#comers
      enter(account, moved)
      return account
    })
  }

  #read(stored: StoredUser): Omit<Account, 'index'> {
    const password = storedPassword(stored.password)
    if (password === lostPassword) this.#options.warn(shutOut(stored.name))
    return { ...stored, password }
  }

  /**
   * Has room for so many more users, in a turn of those who change them: whoever was looked up before may be gone. Rejects with
   * a Refusal, `unavailable`, if not enough of those who are there are idle.
   */
  async makeRoom(users: number): Promise<void> {
    const { accounts } = this.#options
    if (accounts.room >= users) return
    await this.outgrow()
    await this.#sendAway(Math.max(roomMade, users))
    if (accounts.room < users) throw this.#full()
  }

  #full(): Refusal {
    const why = 'there is no room for more users: as many as can be are busy'
    this.#options.warn(why)
    return new Refusal('unavailable', why)
  }

  /** From now on not all users are in memory. */
  async outgrow(): Promise<void> {
    const { accounts, warn } = this.#options
    if (accounts.isPartial) return
    accounts.isPartial = true
    warn('there are more users than fit in memory: from now on those are there who come')
    await this.#count()
    this.#waitToCount()
  }

  async #sendAway(users: number): Promise<void> {
    const { accounts, isIdle, leave } = this.#options
    const idle = accounts.list().filter((account) => account.id !== undefined && isIdle(account))
    const longest = idle.sort((a, b) => (this.#came[a.index] ?? 0) - (this.#came[b.index] ?? 0)).slice(0, users)
    this.#looksAgain = longest.length < roomMade ? this.#now() + lookPause : 0
    for (const account of longest) {
      accounts.remove(account)
      accounts.absent++
    }
    await Promise.all(longest.map((account) => leave(account)))
    for (const { index } of longest) accounts.release(index)
  }

  #waitToCount(): void {
    if (this.#isClosed) return
    const wait = countPeriod * Math.max(1, this.#options.accounts.size / fewUsers)
    this.#timer = setTimeout(
      () => void this.#count().then(() => this.#waitToCount()),
      wait * (1 - jitter + 2 * jitter * Math.random()),
    ).unref()
  }

  async #count(): Promise<void> {
    const { accounts, store } = this.#options
    const count = await store.count().catch(() => undefined)
    if (count !== undefined) accounts.absent = Math.max(0, count - (accounts.size - accounts.absent))
  }
}
