import type { Accounts } from './accounts.ts'
import type { Passwords } from './passwords.ts'

/** A byte order mark is part of a name like any other character, so that no two texts of bytes mean one user. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Who a good login makes of a client. */
export interface Admission {
  /** The user's index. */
  readonly user: number
  /** That of the accounts when the login was found good. */
  readonly revision: number
}

/** Decides who may use the proxy. */
export class Logins {
  readonly #accounts: Accounts
  readonly #passwords: Passwords

  constructor(accounts: Accounts, passwords: Passwords) {
    this.#accounts = accounts
    this.#passwords = passwords
  }

  /**
   * Admits the user with exactly these bytes as name and password; undefined if there is none, also for a disabled user, and
   * while too many checks wait. Unknown and disabled users cost what known ones cost. Never rejects.
   */
  async authenticate(username: Uint8Array, password: Uint8Array): Promise<Admission | undefined> {
    const name = decode(username)
    const account = name === undefined ? undefined : this.#accounts.named(name)
    const hash = account?.password ?? this.#passwords.decoy(username)
    // A check fails only for want of memory, and then nobody is let in.
    const matches = await this.#passwords.matches(password, hash).catch(() => false)
    // Meanwhile the user may have been removed, disabled or given another password.
    const isCurrent = account !== undefined && this.#accounts.named(account.name) === account
    if (!matches || !isCurrent || !account.enabled) return undefined
    return { user: account.index, revision: this.#accounts.revision }
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
