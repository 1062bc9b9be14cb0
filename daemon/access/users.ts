import { setImmediate } from 'node:timers/promises'
import { RpcError } from '../../shared/protocol/errors.ts'
import type { Result } from '../../shared/protocol/methods.ts'
import type { Account, Accounts } from './accounts.ts'
import { type LoginPolicy, passwordRequired } from './login-policy.ts'
import { formatPasswordHash } from './password-hash.ts'
import type { Passwords } from './passwords.ts'
import type { StoredUser, UserStore } from './user-store.ts'

/** What users need of the engine. Both resolve when all loops act by the change. */
export interface DataPlane {
  apply(policy: { readonly passwordRequired: boolean }): Promise<void>
  /** Forgets the user's remembered password, and with `cut` ends their sessions; resolves to how many. */
  userChanged(change: { readonly user: number; readonly cut: boolean }): Promise<number>
}

/** What users have moved, by index. */
export interface Traffic {
  /** Starts an index from nothing, for its next owner. */
  begin(index: number): void
}

export interface UsersOptions {
  readonly accounts: Accounts
  readonly passwords: Passwords
  readonly store: UserStore
  readonly dataPlane: DataPlane
  readonly traffic: Traffic
  readonly policy: LoginPolicy
}

/**
 * Changes to users, for operators. Each is first stored, then acts on new logins, then on the loops, and resolves when
 * it has done all three. Changes take their turns, so two operators never interfere. Refusals are RpcErrors; if the
 * store fails, nothing has changed.
 */
export class Users {
  readonly #accounts: Accounts
  readonly #passwords: Passwords
  readonly #store: UserStore
  readonly #dataPlane: DataPlane
  readonly #traffic: Traffic
  #policy: LoginPolicy
  #lastChange: Promise<unknown> = Promise.resolve()

  constructor(options: UsersOptions) {
    this.#accounts = options.accounts
    this.#passwords = options.passwords
    this.#store = options.store
    this.#dataPlane = options.dataPlane
    this.#traffic = options.traffic
    this.#policy = options.policy
  }

  /** Whether clients must log in now. */
  get passwordRequired(): boolean {
    return passwordRequired(this.#policy, this.#accounts.size)
  }

  /** Whether removing the only user would let clients in without a password. */
  get lastUserOpens(): boolean {
    return this.#accounts.size === 1 && this.passwordRequired && !passwordRequired(this.#policy, 0)
  }

  /** Has clients log in by another policy from now on. */
  setPolicy(policy: LoginPolicy): Promise<void> {
    return this.#inTurn(() => {
      this.#policy = policy
      return this.#dataPlane.apply({ passwordRequired: this.passwordRequired })
    })
  }

  /** Adds a lasting user. Refused with `exists`, or `conflict` if there is no room. */
  async add(name: string, password: string): Promise<void> {
    const hash = await this.#passwords.hash(password)
    await this.#inTurn(async () => {
      if (this.#accounts.named(name)) throw exists(name)
      if (this.#accounts.isFull) {
        throw new RpcError(
          'conflict',
          `there are ${this.#accounts.size} users, the most there can be: remove one first`,
        )
      }
      const fields = { name, password: hash, enabled: true, stored: true, created: Date.now() }
      if (!(await this.#store.insert(toStored(fields)))) throw exists(name)
      const { index } = this.#accounts.add(fields)
      this.#traffic.begin(index)
      await this.#dataPlane.apply({ passwordRequired: this.passwordRequired })
    })
  }

  /**
   * Removes a user; resolves to how many connections were cut, and whether clients need no password from now on.
   * Refused with `not_found`.
   */
  remove(name: string): Promise<Result<'users.remove'>> {
    return this.#inTurn(async () => {
      const account = this.#existing(name)
      const wasRequired = this.passwordRequired
      if (account.stored) await this.#store.remove(name)
      this.#accounts.remove(account)
      const cut = await this.#tell(account, true)
      this.#accounts.release(account.index)
      await this.#dataPlane.apply({ passwordRequired: this.passwordRequired })
      return { cut, opened: wasRequired && !this.passwordRequired }
    })
  }

  /** Changes the password for the next login; live connections stay. Refused with `not_found`. */
  async setPassword(name: string, password: string): Promise<void> {
    const hash = await this.#passwords.hash(password)
    await this.#inTurn(() => this.#change(name, { password: hash }, false))
  }

  /** Lets a user in again, or keeps them out; resolves to how many connections were cut. Refused with `not_found`. */
  setEnabled(name: string, enabled: boolean): Promise<number> {
    return this.#inTurn(() => this.#change(name, { enabled }, !enabled))
  }

  /** Cuts a user's connections; resolves to how many there were. They may come back. Refused with `not_found`. */
  cut(name: string): Promise<number> {
    return this.#inTurn(() => this.#tell(this.#existing(name), true))
  }

  async #change(name: string, changes: Partial<Account>, cut: boolean): Promise<number> {
    const account = { ...this.#existing(name), ...changes }
    if (account.stored && !(await this.#store.update(toStored(account)))) throw missing(name)
    this.#accounts.put(account)
    return this.#tell(account, cut)
  }

  /**
   * Tells the loops. A login found good just before the change has its answer on the way to a loop; a turn later it has
   * arrived there ahead of this, and is forgotten or cut with the rest.
   */
  async #tell({ index }: Account, cut: boolean): Promise<number> {
    await setImmediate()
    return this.#dataPlane.userChanged({ user: index, cut })
  }

  #existing(name: string): Account {
    const account = this.#accounts.named(name)
    if (!account) throw missing(name)
    return account
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#lastChange.then(change)
    this.#lastChange = result.catch(() => {})
    return result
  }
}

function toStored({ name, password, enabled, created }: Omit<Account, 'index'>): StoredUser {
  return { name, password: formatPasswordHash(password), enabled, created }
}

function exists(name: string): RpcError {
  return new RpcError('exists', `there is a user ${JSON.stringify(name)} already`)
}

function missing(name: string): RpcError {
  return new RpcError('not_found', `there is no user ${JSON.stringify(name)}`)
}
