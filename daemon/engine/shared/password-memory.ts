import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Admission, Login } from '../engine.ts'
import { maxUsers } from '../session-table.ts'

interface Entry {
  readonly user: number
  readonly digest: Buffer
}

/** Enough for every user to keep one; beyond it the one remembered first goes. */
const defaultCapacity = 65_536

/**
 * Logins that were good a moment ago, so that the slow check happens once and not per connection. It holds no password:
 * only digests under a key that lives and dies with this object.
 */
export class PasswordMemory {
  /** Made with the first login: without any, what it takes to make it need not be loaded. */
  #key: Buffer | undefined
  readonly #capacity: number
  /** By user name, one a name, in the order remembered. */
  readonly #entries = new Map<string, Entry>()
  /** By user, the revision of the last change that was heard of. */
  readonly #changed = new Float64Array(maxUsers)

  constructor(capacity: number = defaultCapacity) {
    this.#capacity = capacity
  }

  /**
   * Remembers a good login, in place of what was remembered for that name. False, and nothing is remembered, if the user
   * has changed since it was found good: the answer has crossed the news of the change, and the login is to be checked
   * again.
   */
  remember({ username, password }: Omit<Login, 'source'>, { user, revision }: Admission): boolean {
    if (revision < this.#changed[user]) return false
    const name = keyOf(username)
    this.#entries.delete(name)
    this.#entries.set(name, { user, digest: this.#digest(username, password) })
    if (this.#entries.size > this.#capacity) {
      const [oldest = name] = this.#entries.keys()
      this.#entries.delete(oldest)
    }
    return true
  }

  /** The user's index if this very login is remembered; undefined means that it must be checked. */
  recall(username: Uint8Array, password: Uint8Array): number | undefined {
    const entry = this.#entries.get(keyOf(username))
    return entry && timingSafeEqual(entry.digest, this.#digest(username, password)) ? entry.user : undefined
  }

  /** Forgets all that is remembered of a user, and admits nobody by an answer from before this revision. */
  userChanged(user: number, revision: number): void {
    this.#changed[user] = revision
    for (const [name, entry] of this.#entries) if (entry.user === user) this.#entries.delete(name)
  }

  /**
   * The key goes first and the digest never leaves this object, so that plain SHA-256 will do; an HMAC costs eight times
   * as much per login. The name's length, as in RFC 1929, keeps `ab` + `c` and `a` + `bc` apart.
   */
  #digest(username: Uint8Array, password: Uint8Array): Buffer {
    this.#key ??= randomBytes(32)
    const input = Buffer.concat([this.#key, Uint8Array.of(username.length), username, password])
    return hash('sha256', input, 'buffer')
  }
}

/** Exact bytes: no two user names have the same key. */
function keyOf(username: Uint8Array): string {
  return Buffer.from(username.buffer, username.byteOffset, username.byteLength).toString('latin1')
}
