import type { Result } from '../../shared/protocol/methods.ts'
import { Refusal } from '../refusal.ts'
import type { LoginChange, StoredUser, UserStore } from '../store/store.ts'
import type { Turns } from '../turns.ts'
import { type Account, type Accounts, noLimits } from './accounts.ts'
import type { Groups } from './groups.ts'
import type { LateChanges } from './late-changes.ts'
import { formatPasswordHash } from './password-hash.ts'
import type { Passwords } from './passwords.ts'
import { RemovedAccounts } from './removed-accounts.ts'

/** What operators change of a user beside limits. */
type Login = Pick<LoginChange, 'password' | 'enabled'>

/** Whether clients must log in while there are so many users, disabled ones included. */
export type LoginPolicy = (users: number) => boolean

/** What users need of the engine. */
export interface Loops {
  /**
   * The one order that a change is to the loops: to forget what they remember of the user with this index (0: of nobody),
   * and any answer about them from before this revision; with `cut` to end their sessions; and to have clients log in, or
   * not. Resolves to how many sessions ended, when all loops act by it.
   */
  userChanged(change: {
    readonly user: number
    readonly revision: number
    readonly cut: boolean
    readonly passwordRequired: boolean
  }): Promise<number>
}

/** What is kept of users by index. */
export interface Indices {
  /** Starts the user's index from nothing: it was somebody else's. */
  begin(account: Account): void
}

export interface UsersOptions {
  readonly accounts: Accounts
  readonly groups: Pick<Groups, 'named'>
  readonly passwords: Passwords
  readonly store: UserStore
  readonly late: LateChanges
  readonly loops: Loops
  readonly indices: Indices
  /** In which all that changes users takes its turn. */
  readonly turns: Turns
  readonly policy: LoginPolicy
  /** As `AbsentAccounts` has it; undefined where all users are in memory for good. */
  readonly makeRoom?: ((users: number) => Promise<void>) | undefined
}

/**
 * Changes to users, for operators. What lets somebody in is first stored, and if it cannot be, nothing has changed. What
 * keeps somebody out acts first, and is stored when it can be. On new logins a change acts before it does on the loops, and
 * it resolves when it does on all of them. Changes take their turns, so two operators never interfere. Throws a Refusal.
 */
export class Users {
  readonly #accounts: Accounts
  readonly #groups: UsersOptions['groups']
  readonly #passwords: Passwords
  readonly #store: UserStore
  readonly #late: LateChanges
  readonly #loops: Loops
  readonly #indices: Indices
  readonly #turns: Turns
  readonly #makeRoom: UsersOptions['makeRoom']
  readonly #removed = new RemovedAccounts()
  /** By the store's id, what acts and is not stored yet. */
  readonly #unsaved = new Map<number, Login>()
  #policy: LoginPolicy

  constructor(options: UsersOptions) {
    this.#accounts = options.accounts
    this.#groups = options.groups
    this.#passwords = options.passwords
    this.#store = options.store
    this.#late = options.late
    this.#loops = options.loops
    this.#indices = options.indices
    this.#turns = options.turns
    this.#makeRoom = options.makeRoom
    this.#policy = options.policy
  }

  /** Whether clients must log in now. */
  get passwordRequired(): boolean {
    return this.#policy(this.#accounts.size)
  }

  /** Whether removing the only user would let clients in without a password. */
  get lastUserOpens(): boolean {
    return this.#accounts.size === 1 && this.passwordRequired && !this.#policy(0)
  }

  /** Has clients log in by another policy from now on. */
  setPolicy(policy: LoginPolicy): Promise<void> {
    return this.#turns.take(async () => {
      this.#policy = policy
      await this.#tell(0)
    })
  }

  /**
   * Adds a lasting user. Refused with `exists`, with `conflict` if there is no room, with `unavailable` if it cannot be stored, or
   * in a fleet all who have room are busy.
   */
  async add(name: string, password: string): Promise<void> {
    const hash = await this.#passwords.hash(password)
    await this.#turns.take(async () => {
      await this.#checkRoomFor(name)
      await this.#enter({ name, password: hash, enabled: true, created: Date.now(), ...noLimits })
    })
  }

  /**
   * Has a user who was removed within the hour come back, with the password and the limits that they had; of what they had
   * used, nothing counts. Refused with `not_found`, with `conflict` if their group is no more, for they would have what everybody has, and as
   * `add` is.
   */
  async restore(name: string): Promise<void> {
    await this.#turns.take(async () => {
      await this.#checkRoomFor(name)
      const removed = this.#removed.named(name)
      if (!removed) throw new Refusal('not_found', `no user ${JSON.stringify(name)} was removed within the last hour`)
      const { group } = removed.limits
      if (typeof group === 'string' && !this.#groups.named(group)) {
        const [user, theirs] = [JSON.stringify(name), JSON.stringify(group)]
        throw new Refusal(
          'conflict',
          `the user ${user} was in the group ${theirs}, which there is no more: add it first`,
        )
      }
      await this.#enter(removed)
      this.#removed.forget(name)
    })
  }

  async #checkRoomFor(name: string): Promise<void> {
    if (this.#accounts.named(name)) throw exists(name)
    await this.#makeRoom?.(1)
    if (this.#accounts.isFull) {
      throw new Refusal('conflict', `there are ${this.#accounts.size} users, the most there can be: remove one first`)
    }
  }

  /** Stored first. */
  async #enter(fields: Omit<Account, 'id' | 'index'>): Promise<void> {
    await this.#late.settle()
    const id = await this.#store.insert(toStored(fields))
    if (id === undefined) throw exists(fields.name)
    const account = this.#accounts.add({ ...fields, id })
    this.#indices.begin(account)
    await this.#tell(account.index)
  }

  /**
   * Removes a user; resolves to how many connections were cut, whether clients need no password from now on, and whether
   * it is stored. Refused with `not_found`.
   */
  remove(name: string): Promise<Result<'users.remove'>> {
    return this.#turns.take(async () => {
      const account = this.#existing(name)
      const wasRequired = this.passwordRequired
      this.#accounts.remove(account)
      this.#removed.keep(account)
      const cut = await this.#tell(account.index, true)
      this.#accounts.release(account.index)
      const stored = await this.#storeLate(account, async (id) => {
        await this.#store.remove(id)
        this.#unsaved.delete(id)
      })
      return { cut, opened: wasRequired && !this.passwordRequired, stored }
    })
  }

  /**
   * Changes the password for the next login; live connections stay. Resolves to whether it is stored. Refused with
   * `not_found`.
   */
  async setPassword(name: string, password: string): Promise<Result<'users.setPassword'>> {
    const hash = await this.#passwords.hash(password)
    return this.#turns.take(async () => {
      // Somebody else may know the old one, so it must not go on to be good.
      const account = { ...this.#existing(name), password: hash }
      const { stored } = await this.#change(account, { password: formatPasswordHash(hash) })
      return { stored }
    })
  }

  /**
   * Keeps our own hash of a user's password in place of another program's, unless the user has changed meanwhile. Rejects
   * with a StoreError, and then nothing has changed.
   */
  async learnPassword(account: Account, password: Uint8Array): Promise<void> {
    const hash = await this.#passwords.hash(password)
    await this.#turns.take(async () => {
      if (this.#accounts.named(account.name) !== account) return
      // Another daemon may have stored another one, which is not known here yet.
      const was = formatPasswordHash(account.password)
      if (await this.#update(account, { password: formatPasswordHash(hash), was }))
        this.#accounts.put({ ...account, password: hash })
    })
  }

  /**
   * Lets a user in again, or keeps them out; resolves to how many connections were cut, and whether it is stored. Refused
   * with `not_found`, and with `unavailable` if a user who is to be let in cannot be stored.
   */
  setEnabled(name: string, enabled: boolean): Promise<Result<'users.setEnabled'>> {
    return this.#turns.take(async () => {
      const account = { ...this.#existing(name), enabled }
      if (!enabled) return this.#change(account, { enabled }, true)
      await this.#late.settle()
      if (!(await this.#update(account, { enabled }))) throw missing(name)
      this.#accounts.put(account)
      return { cut: await this.#tell(account.index), stored: true }
    })
  }

  /** Cuts a user's connections; resolves to how many there were. They may come back. Refused with `not_found`. */
  cut(name: string): Promise<number> {
    return this.#turns.take(() => this.#tell(this.#existing(name).index, true))
  }

  /** Has the loops ask again when this user logs in. */
  async forget(account: Account): Promise<void> {
    await this.#tell(account.index)
  }

  /** What keeps somebody out. */
  async #change(account: Account, login: Login, cut = false): Promise<{ cut: number; stored: boolean }> {
    this.#accounts.put(account)
    const count = await this.#tell(account.index, cut)
    const { id } = account
    if (id !== undefined) this.#unsaved.set(id, { ...this.#unsaved.get(id), ...login })
    return { cut: count, stored: await this.#storeLate(account, (id) => this.#save({ ...account, id })) }
  }

  /** Stores what of a login acts and is not stored yet. */
  async #save(account: Account & { readonly id: number }): Promise<void> {
    const login = this.#unsaved.get(account.id)
    await this.#update(account, { ...login })
    if (this.#unsaved.get(account.id) === login) this.#unsaved.delete(account.id)
  }

  /** Whether the user is still there. Nothing is kept of a temporary one. */
  async #update({ id }: Account, login: Omit<LoginChange, 'id'>): Promise<boolean> {
    return id === undefined || this.#store.update({ id, ...login })
  }

  /** Nothing is kept of a temporary user. */
  async #storeLate({ id, name }: Account, write: (id: number) => Promise<unknown>): Promise<boolean> {
    return id === undefined || this.#late.store(`user ${JSON.stringify(name)}`, () => write(id))
  }

  /** A login found good before the change may come to a loop behind this: it is told apart by its revision. */
  #tell(user: number, cut = false): Promise<number> {
    const { revision } = this.#accounts
    return this.#loops.userChanged({ user, revision, cut, passwordRequired: this.passwordRequired })
  }

  #existing(name: string): Account {
    const account = this.#accounts.named(name)
    if (!account) throw missing(name)
    return account
  }
}

/** As the store keeps them. */
export function toStored(account: Omit<Account, 'id' | 'index'>): Omit<StoredUser, 'id'> {
  const { name, password, enabled, created, limits, revision, firstUsed } = account
  return { name, password: formatPasswordHash(password), enabled, created, limits, revision, firstUsed }
}

function exists(name: string): Refusal {
  return new Refusal('exists', `there is a user ${JSON.stringify(name)} already`)
}

function missing(name: string): Refusal {
  return new Refusal('not_found', `there is no user ${JSON.stringify(name)}`)
}
