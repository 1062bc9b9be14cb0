import { Refusal } from '../refusal.ts'
import type { StoredUsage, StoredUser, UserStore } from '../store/store.ts'
import type { Account, Accounts } from './accounts.ts'
import { type Claimant, FairQueue } from './fair-queue.ts'
import { parsePasswordHash } from './password-hash.ts'
import type { Turns } from './turns.ts'

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
}

/** Room that is made at once, when there is less than that for more users. */
const roomMade = 2_048
/** Look-ups under way at once: whoever makes up names takes no more than these from those who have one. */
const mostAsked = 16
/** Logins that wait for theirs: a server that is slow answers so many within seconds. */
const mostWaiting = 1_024
/** Milliseconds between two counts of all users. */
const countPeriod = 30_000

/**
 * Users of a store that has more of them than fit in memory: they come when they log in, or when an operator names them, and who
 * has been idle longest goes when there is no room for others.
 */
export class AbsentAccounts {
  readonly #options: AbsentAccountsOptions
  readonly #queue = new FairQueue(mostAsked, mostWaiting)
  /** By name, of whom the store is asked. */
  readonly #asked = new Map<string, Promise<Account | undefined>>()
  /** By index, when they came, counted in those who came. */
  readonly #came: number[] = []
  #comers = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: AbsentAccountsOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#count(), countPeriod).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /**
   * Resolves to the user of that name, who is present from now on; undefined if there is none. An operator does not wait behind those
   * who log in. Rejects with a Refusal if the store does not tell, and if there is no room.
   */
  async bring(name: string): Promise<Account | undefined> {
    return this.#present(name) ?? this.#queue.runNext(() => this.#find(name))
  }

  /**
   * As `bring`, for somebody who logs in, in their turn. Resolves to whether it is known now whether there is such a user; it is not
   * if too many wait beside them, nor if nobody waits any more when the turn comes.
   */
  async bringFor(name: string, claimant: Claimant, isWaiting: () => boolean): Promise<boolean> {
    if (this.#present(name)) return true
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
    const found = this.#fetch(name).finally(() => this.#asked.delete(name))
    this.#asked.set(name, found)
    return found
  }

  /** Who is not there costs no turn. What the store has is asked for again within it, for it may have changed meanwhile. */
  async #fetch(name: string): Promise<Account | undefined> {
    const { accounts, store, totals, turns, enter } = this.#options
    if (!(await store.named(name))) return undefined
    return turns.take(async () => {
      const present = accounts.named(name)
      if (present) return present
      const stored = await store.named(name)
      const fields = stored && this.#read(stored)
      if (!fields) return undefined
      const [moved] = await totals([stored.id])
      if (accounts.room <= 1) await this.#makeRoom()
      if (accounts.isFull) {
        const why = `there is no room for ${JSON.stringify(name)}: as many users as can be are busy`
        this.#options.warn(why)
        throw new Refusal('unavailable', why)
      }
      const account = accounts.add(fields)
      accounts.absent = Math.max(0, accounts.absent - 1)
      this.#came[account.index] = ++this.#comers
      enter(account, moved)
      return account
    })
  }

  /** Undefined for a damaged password, which nobody can have. */
  #read(stored: StoredUser): Omit<Account, 'index'> | undefined {
    const password = parsePasswordHash(stored.password)
    if (password) return { ...stored, password }
    this.#options.warn(`the stored password of ${JSON.stringify(stored.name)} is damaged: set another one`)
    return undefined
  }

  async #makeRoom(): Promise<void> {
    const { accounts, isIdle, leave } = this.#options
    const idle = accounts.list().filter((account) => account.id !== undefined && isIdle(account))
    const longest = idle.sort((a, b) => (this.#came[a.index] ?? 0) - (this.#came[b.index] ?? 0)).slice(0, roomMade)
    for (const account of longest) {
      accounts.remove(account)
      accounts.absent++
    }
    await Promise.all(longest.map((account) => leave(account)))
    for (const { index } of longest) accounts.release(index)
  }

  async #count(): Promise<void> {
    const { accounts, store } = this.#options
    const count = await store.count().catch(() => undefined)
    if (count !== undefined) accounts.absent = Math.max(0, count - (accounts.size - accounts.absent))
  }
}
