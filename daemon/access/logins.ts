import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Admission, Login } from '../engine/engine.ts'
import { sourceOf, unmapped } from '../net/address.ts'
import type { Account, Accounts } from './accounts.ts'
import type { Passwords } from './passwords.ts'

/** A byte order mark is part of a name like any other character, so that no two texts of bytes mean one user. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Sources that are remembered for the good logins that came from there. */
const mostSources = 4_096

/** Decides who may use the proxy. */
export class Logins {
  readonly #accounts: Accounts
  readonly #passwords: Passwords
  readonly #digestKey = randomBytes(32)
  /** Of each user's last good password a digest, until the user changes. */
  readonly #good = new WeakMap<Account, Buffer>()
  /** Where good logins came from, the last one last. */
  readonly #sources = new Set<string>()

  constructor(accounts: Accounts, passwords: Passwords) {
    this.#accounts = accounts
    this.#passwords = passwords
  }

  /**
   * Admits the user with exactly these bytes as name and password; undefined if there is none, also for a disabled user.
   * Unknown and disabled users cost what known ones cost. A login that was good lately is so at once, whoever floods the
   * others; one that is crowded out never has an answer, for a refusal would be taken for a wrong password. Never rejects.
   */
  async authenticate(login: Login): Promise<Admission | undefined> {
    const from = sourceOf(unmapped(login.source))
    // The caller may reuse its bytes before the turn comes.
    const [username, password] = [Uint8Array.from(login.username), Uint8Array.from(login.password)]
    const digest = hash('sha256', Buffer.concat([this.#digestKey, password]), 'buffer')
    for (;;) {
      const account = this.#accountOf(username)
      const good = account && this.#good.get(account)
      if (account && good && timingSafeEqual(good, digest)) return this.#admit(account)

      const claimant = { source: from, name: latin1(username), isKnown: this.#sources.has(from) }
      const kept = account?.password ?? this.#passwords.decoy(username)
      // A check fails only for want of memory, which says nothing of the password either.
      const matches = await this.#passwords.matches(password, kept, claimant).catch(() => undefined)
      if (matches === undefined) return new Promise(() => {})
      // Meanwhile the user may have come, gone or changed: then it says nothing of the one there is now.
      if (account !== this.#accountOf(username)) continue
      if (!account?.enabled || !matches) return undefined
      this.#good.set(account, digest)
      this.#remember(from)
      return this.#admit(account)
    }
  }

  #accountOf(username: Uint8Array): Account | undefined {
    const name = decode(username)
    return name === undefined ? undefined : this.#accounts.named(name)
  }

  #admit({ index: user }: Account): Admission {
    return { user, revision: this.#accounts.revision }
  }

  #remember(source: string): void {
    this.#sources.delete(source)
    this.#sources.add(source)
    if (this.#sources.size <= mostSources) return
    const [oldest = source] = this.#sources
    this.#sources.delete(oldest)
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
