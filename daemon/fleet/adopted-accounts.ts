import { isDeepStrictEqual } from 'node:util'
import type { AbsentAccounts } from '../access/absent-accounts.ts'
import type { Account, Accounts } from '../access/accounts.ts'
import type { Groups } from '../access/groups.ts'
import type { LateChanges } from '../access/late-changes.ts'
import { shutOut } from '../access/load-accounts.ts'
import { formatPasswordHash, lostPassword, storedPassword } from '../access/password-hash.ts'
import type { Loops } from '../access/users.ts'
import type { LimitChanges } from '../limits/limit-changes.ts'
import type { LimitKeeper } from '../limits/limit-keeper.ts'
import type { Usage } from '../limits/usage.ts'
import { inSlices } from '../slices.ts'
import type { Store, StoredGroup, StoredUsage, StoredUser } from '../store/store.ts'
import type { Turns } from '../turns.ts'
import type { AccountKeys } from './change-follower.ts'

export interface AdoptedAccountsOptions {
  readonly accounts: Accounts
  readonly groups: Groups
  readonly limits: Pick<LimitChanges, 'reachRevision'>
  readonly keeper: Pick<LimitKeeper, 'writeAll' | 'look'>
  readonly usage: Pick<Usage, 'adopt'>
  /** What users, by id, have moved everywhere. */
  readonly totals: (ids: readonly number[]) => Promise<readonly StoredUsage[]>
  readonly store: {
    readonly users: Pick<Store['users'], 'list' | 'named'>
    readonly groups: Pick<Store['groups'], 'list'>
  }
  readonly late: Pick<LateChanges, 'settle'>
  /** In which all that changes users takes its turn. */
  readonly turns: Turns
  readonly loops: Loops
  /** Starts a user's index from nothing; the loops hear of it by `obey`. */
  readonly begin: (account: Account) => void
  /** As `LimitChanges` has it. */
  readonly obey: () => Promise<unknown>
  /** Whether clients must log in, as things are when it is called. */
  readonly passwordRequired: () => boolean
  /** Whether somebody may come as that user without a login. */
  readonly isNeeded: (name: string) => boolean
  /** Undefined where all users are in memory for good. */
  readonly absent?: Pick<AbsentAccounts, 'makeRoom' | 'outgrow'> | undefined
  readonly warn: (message: string) => void
}

/** Users that are asked for at once. */
const atOnce = 16

/** What becomes of a user. */
interface Move {
  /** Undefined: they are new here. */
  readonly before: Account | undefined
  /** Undefined: they are gone. */
  readonly after: Omit<Account, 'index'> | undefined
}

/**
 * Users and groups as the store has them now, since another daemon has changed them there: they act here as if they had been
 * changed here, on live connections too. What acts here and is not stored yet is stored first, so that it stays.
 */
export class AdoptedAccounts {
  readonly #options: AdoptedAccountsOptions

  constructor(options: AdoptedAccountsOptions) {
    this.#options = options
  }

  /**
   * Takes its turn with all that changes users. Resolves when all loops act by it. Rejects with a StoreError, and then nothing
   * has changed.
   */
  adopt({ users, groups }: AccountKeys): Promise<void> {
    const { turns, late, store } = this.#options
    return turns.take(async () => {
      await late.settle()
      const storedGroups = groups ? await store.groups.list() : undefined
      const moves = users === 'all' ? await this.#movesOfAll() : await this.#movesOf([...users])
      const fits = await this.#fitting(moves)
      if (storedGroups === undefined && fits.length === 0) return
      const fresh = fits.flatMap(({ before, after }) => (before ? [] : (after?.id ?? [])))
      await this.#make(fits, storedGroups, fresh.length > 0 ? await this.#options.totals(fresh) : [])
    })
  }

  async #movesOf(names: readonly string[]): Promise<Move[]> {
    const moves: Move[] = []
    for (let at = 0; at < names.length; at += atOnce) {
      const some = names.slice(at, at + atOnce)
      const stored = await Promise.all(some.map((name) => this.#options.store.users.named(name)))
      moves.push(...some.flatMap((name, i) => this.#movesTo(name, stored[i])))
    }
    return moves
  }

  async #movesOfAll(): Promise<Move[]> {
    const { accounts, store } = this.#options
    if (accounts.isPartial) return this.#movesOf(accounts.list().map(({ name }) => name))
    const stored = new Map((await store.users.list()).map((user) => [user.name, user]))
    const names = new Set([...stored.keys(), ...accounts.list().map(({ name }) => name)])
    return (await inSlices([...names], (name) => this.#movesTo(name, stored.get(name)))).flat()
  }

  /** None if nothing changes. */
  #movesTo(name: string, stored: StoredUser | undefined): Move[] {
    const before = this.#options.accounts.named(name)
    if (before && before.id === undefined) {
      if (stored)
        this.#options.warn(`${shown(name)} of --user stays for this run, though the store has one of that name`)
      return []
    }
    const after = stored && this.#read(stored, before)
    if (!after) return before ? [{ before, after }] : []
    const { accounts, isNeeded } = this.#options
    // Of a store with very many users, whoever is not here comes when they log in, but for those who never do.
    if (!before) return accounts.isPartial && !isNeeded(name) ? [] : [{ before, after }]
    // Somebody else of that name.
    if (before.id !== after.id)
      return [
        { before, after: undefined },
        { before: undefined, after },
      ]
    const { index: _, ...now } = before
    return isDeepStrictEqual(now, after) ? [] : [{ before, after }]
  }

  /** With a damaged password nobody logs in by what was good before. */
  #read(stored: StoredUser, before: Account | undefined): Omit<Account, 'index'> {
    const isKept = before && formatPasswordHash(before.password) === stored.password
    const password = isKept ? before.password : storedPassword(stored.password)
    if (password === lostPassword && before?.password !== lostPassword) this.#options.warn(shutOut(stored.name))
    // Users of one text share its object: it costs the way to what is in force once.
    const limits = before && isDeepStrictEqual(before.limits, stored.limits) ? before.limits : stored.limits
    return { ...stored, password, limits }
  }

  /** Where they are more than fit, without those who may come later, and those for whom no room can be made. */
  async #fitting(moves: readonly Move[]): Promise<readonly Move[]> {
    const { accounts, absent, isNeeded, warn } = this.#options
    if (newIn(moves) <= this.#roomBehind(moves)) return moves
    await absent?.outgrow()
    const wanted = moves.filter(({ before, after }) => before || !accounts.isPartial || isNeeded(after?.name ?? ''))
    // Whoever finds none all the same is told of below.
    await absent?.makeRoom(newIn(wanted)).catch(() => {})
    // Others have left for it.
    const present = wanted.filter(({ before }) => !before || accounts.named(before.name) === before)
    let room = this.#roomBehind(present)
    const fitting = present.filter(({ before }) => before || room-- > 0)
    const left = present.length - fitting.length
    if (left > 0) warn(`there is no room for ${left} more users, whom other nodes know: remove some`)
    return fitting
  }

  /** Once those are gone who go. */
  #roomBehind(moves: readonly Move[]): number {
    return this.#options.accounts.room + moves.filter(({ after }) => !after).length
  }

  async #make(
    moves: readonly Move[],
    storedGroups: readonly StoredGroup[] | undefined,
    totals: readonly StoredUsage[],
  ): Promise<void> {
    const { accounts, groups, keeper, limits, usage, begin, obey } = this.#options
    const moved = new Map(totals.map((total) => [total.user, total]))
    const gone = storedGroups && this.#putGroups(storedGroups)
    // Whoever loses a right loses it first.
    for (const { before, after } of moves) if (before && !after) await this.#remove(before)
    const written = moves.flatMap(({ before, after }) => {
      if (!after) return []
      limits.reachRevision(after.revision)
      if (before) return this.#put({ ...after, index: before.index })
      const account = accounts.add(after)
      begin(account)
      // What an import on another node has brought, or others have moved for them by now: else a quota would begin anew.
      const total = moved.get(after.id ?? 0)
      if (total) usage.adopt(account.index, total)
      return account
    })
    for (const group of gone ?? []) groups.remove(group)
    await keeper.writeAll(storedGroups ? [...accounts.list()] : written)
    keeper.look()
    await obey()
    await this.#tell(moves)
  }

  #put(account: Account): Account {
    this.#options.accounts.put(account)
    return account
  }

  /** Resolves to those that are gone, which users may still be in. */
  #putGroups(stored: readonly StoredGroup[]) {
    const { groups, limits, warn } = this.#options
    const names = new Set(stored.map(({ name }) => name))
    for (const group of stored) {
      limits.reachRevision(group.revision)
      const known = groups.named(group.name)
      if (known?.revision === group.revision && isDeepStrictEqual(known.limits, group.limits)) continue
      if (known || !groups.isFull) groups.put(group)
      else warn(`there is no room for the group ${JSON.stringify(group.name)}, which other nodes know: remove one`)
    }
    return groups.list().filter((group) => group !== groups.everybody && !names.has(group.name))
  }

  async #remove(account: Account): Promise<void> {
    const { accounts } = this.#options
    accounts.remove(account)
    await this.#tellLoops(account.index, true)
    accounts.release(account.index)
  }

  /** Of those who are new no loop knows anything. Of others, what changed of the login is told one by one. */
  async #tell(moves: readonly Move[]): Promise<void> {
    if (moves.some(({ before }) => !before)) await this.#tellLoops(0, false)
    const told = moves.flatMap(({ before, after }) => {
      if (!before || !after || (before.enabled === after.enabled && before.password === after.password)) return []
      return this.#tellLoops(before.index, before.enabled && !after.enabled)
    })
    await Promise.all(told)
  }

  #tellLoops(user: number, cut: boolean): Promise<number> {
    const { accounts, loops, passwordRequired } = this.#options
    return loops.userChanged({ user, revision: accounts.revision, cut, passwordRequired: passwordRequired() })
  }
}

function newIn(moves: readonly Move[]): number {
  return moves.filter(({ before }) => !before).length
}

function shown(name: string): string {
  return `the user ${JSON.stringify(name)}`
}
