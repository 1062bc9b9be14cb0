import type { Account } from './accounts.ts'

/** How many are kept at most, and for how many milliseconds. */
const most = 100
const kept = 3_600_000

type Removed = Omit<Account, 'id' | 'index'>

/**
 * Users who were removed a while ago, with what they had, so that a slip of the finger can be undone: the last 100, for an
 * hour, in memory only. Of one name the one who was removed last.
 */
export class RemovedAccounts {
  /** The one who was removed first comes first. */
  readonly #byName = new Map<string, { readonly account: Removed; readonly at: number }>()

  /** `now`: milliseconds by a clock that only goes forward. */
  keep({ id: _id, index: _index, ...account }: Account, now: number = performance.now()): void {
    this.#byName.delete(account.name)
    this.#byName.set(account.name, { account, at: now })
    const [oldest] = this.#byName.keys()
    if (this.#byName.size > most && oldest !== undefined) this.#byName.delete(oldest)
  }

  named(name: string, now: number = performance.now()): Removed | undefined {
    for (const [old, { at }] of this.#byName) if (now - at >= kept) this.#byName.delete(old)
    return this.#byName.get(name)?.account
  }

  forget(name: string): void {
    this.#byName.delete(name)
  }
}
