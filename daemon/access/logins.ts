import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Admission, Login } from '../engine/engine.ts'
import { sourceOf, unmapped } from '../net/address.ts'
import type { Account, Accounts } from './accounts.ts'
import type { Claimant } from './fair-queue.ts'
import { GuessedNames } from './guessed-names.ts'
import type { Passwords } from './passwords.ts'

/** Why a login fails, in the words of the log. */
export type LoginFailure = 'unknown_user' | 'wrong_password' | 'disabled'

/**
 * Has the user of that name in memory, if there is one. Resolves to false if there are too many who ask, or nobody waits any more;
 * rejects where it cannot be known.
 */
type BringUser = (name: string, claimant: Claimant, isWaiting: () => boolean) => Promise<boolean>

/** Hears the password of a user. */
type LearnPassword = (account: Account, password: Uint8Array) => void

/** What is kept of where clients come from. Addresses are 4 or 16 bytes. */
export interface Sources {
  /** Whether somebody logged in well from there within a day. */
  isKnown(address: Uint8Array): boolean
  /**
   * A login from there has failed. `login`, a digest, tells one wrong login from another; false if this one failed there just
   * before, and so means nothing new.
   */
  loginFailed(address: Uint8Array, username: Uint8Array, login: number, failure: LoginFailure): boolean
  /** A login from there had to be dropped, since nowhere else so many waited. */
  crowded(address: Uint8Array): void
}

/** Has a user's limits ready before the user is let in. Never rejects, and resolves within seconds. */
export interface Preparation {
  prepare(account: Account): Promise<void>
}

/** A byte order mark is part of a name like any other character, so that no two texts of bytes mean one user. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Milliseconds that a login is held back at most; who would have to wait for longer has no answer. */
const longestDelay = 10_000

/** Decides who may use the proxy. */
export class Logins {
  readonly #accounts: Accounts
  readonly #passwords: Passwords
  readonly #sources: Sources
  readonly #limits: Preparation | undefined
  readonly #guessed = new GuessedNames()
  readonly #digestKey = randomBytes(32)
  /** How many were crowded out so far. */
  unanswered = 0
  #learn: LearnPassword = () => {}
  #bring: BringUser | undefined
  /** Of each user's last good password a digest, until the user changes. */
  readonly #good = new WeakMap<Account, Buffer>()

  constructor(accounts: Accounts, passwords: Passwords, sources: Sources, limits?: Preparation) {
    this.#accounts = accounts
    this.#passwords = passwords
    this.#sources = sources
    this.#limits = limits
  }

  /** `learn` hears from now on of users of whom only another program's hash is kept, once they log in. */
  follow(learn: LearnPassword): void {
    this.#learn = learn
  }

  /** Who logs in is brought first, from now on. */
  fetch(bring: BringUser): void {
    this.#bring = bring
  }

  /**
   * Admits the user with exactly these bytes as name and password; undefined if there is none, also for a disabled user.
   * Unknown and disabled users cost what known ones cost. A login that was good lately is so at once, whoever floods the
   * others; one that is crowded out never has an answer, for a refusal would be taken for a wrong password, nor has one whose
   * client does not wait any more, and is not checked if that has gone before its turn. Where somebody
   * logged in well lately nobody is banned, so a name that fails from there is held back instead. Never rejects.
   */
  async authenticate(login: Login, isWaiting: () => boolean): Promise<Admission | undefined> {
    // The caller may reuse its bytes before the turn comes.
    const [username, password] = [Uint8Array.from(login.username), Uint8Array.from(login.password)]
    const address = Uint8Array.from(unmapped(login.source))
    const [source, name] = [sourceOf(address), latin1(username)]
    const digest = hash('sha256', Buffer.concat([this.#digestKey, password]), 'buffer')
    const came = performance.now()
    for (;;) {
      const isKnown = this.#sources.isKnown(address)
      const isAttacked = this.#guessed.isAttacked(name, performance.now())
      const claimant = { source, name, standing: isKnown ? 'known' : isAttacked ? 'suspect' : 'unknown' } as const
      const isPresent = await this.#isPresent(username, claimant, isWaiting)
      if (isPresent === undefined || !isWaiting()) return noAnswer()
      if (!isPresent) return this.#crowdedOut(address)
      const account = this.#accountOf(username)
      const good = account && this.#good.get(account)
      if (account && good && timingSafeEqual(good, digest)) return this.#admit(account)

      const delay = () => (isKnown ? this.#guessed.delay(name, source, performance.now()) : 0)
      const wait = delay()
      if (wait > 0) {
        if (performance.now() + wait > came + longestDelay) return noAnswer()
        await setTimeout(wait)
        continue
      }
      const kept = account?.password ?? this.#passwords.decoy(username)
      // A check fails for want of memory or a thread, which says nothing of the password.
      const matches = await this.#passwords
        .matches(password, kept, claimant, () => isWaiting() && delay() === 0)
        .catch(() => undefined)
      if (!isWaiting()) return noAnswer()
      // While it waited for its turn, others may have guessed at the name.
      if (matches === undefined && delay() > 0) continue
      if (matches === undefined) return this.#crowdedOut(address)
      // Meanwhile the user may have come, gone or changed: then it says nothing of the one there is now.
      if (account !== this.#accountOf(username)) continue
      if (account?.enabled && matches) {
        this.#good.set(account, digest)
        if ('foreign' in account.password) this.#learn(account, password)
        return this.#admit(account)
      }
      const failure = account === undefined ? 'unknown_user' : matches ? 'disabled' : 'wrong_password'
      const isNew = this.#sources.loginFailed(address, username, this.#digestOf(username, password), failure)
      if (isNew) this.#guessed.note(name, source, performance.now())
      return undefined
    }
  }

  /** Whether it is known here whether there is such a user; undefined: the store does not tell. */
  async #isPresent(username: Uint8Array, claimant: Claimant, isWaiting: () => boolean): Promise<boolean | undefined> {
    const name = this.#bring && decode(username)
    if (name === undefined || !this.#bring) return true
    return this.#bring(name, claimant, isWaiting).catch(() => undefined)
  }

  #crowdedOut(address: Uint8Array): Promise<never> {
    this.unanswered++
    this.#sources.crowded(address)
    return noAnswer()
  }

  #accountOf(username: Uint8Array): Account | undefined {
    const name = decode(username)
    return name === undefined ? undefined : this.#accounts.named(name)
  }

  async #admit(account: Account): Promise<Admission> {
    const { index: user } = account
    await this.#limits?.prepare(account)
    return { user, revision: this.#accounts.revision }
  }

  /** 48 bits, by a key that nobody has: it tells wrong logins apart and nothing of what they were. */
  #digestOf(username: Uint8Array, password: Uint8Array): number {
    const login = Buffer.concat([this.#digestKey, Uint8Array.of(username.length), username, password])
    return hash('sha256', login, 'buffer').readUIntBE(0, 6)
  }
}

/** The client's deadline ends its session. A promise each: what waits for one that all share is never forgotten. */
function noAnswer(): Promise<never> {
  return new Promise(() => {})
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
