import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

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
  readonly #key = randomBytes(32)
  readonly #capacity: number
  /** By user name, one a name, in the order remembered. */
  readonly #entries = new Map<string, Entry>()

  constructor(capacity: number = defaultCapacity) {
    this.#capacity = capacity
  }

  /** Remembers a login that was checked, in place of what was remembered for that name. */
  remember(username: Uint8Array, password: Uint8Array, user: number): void {
    const name = keyOf(username)
    this.#entries.delete(name)
    this.#entries.set(name, { user, digest: this.#digest(username, password) })
    if (this.#entries.size > this.#capacity) {
      const [oldest = name] = this.#entries.keys()
      this.#entries.delete(oldest)
    }
  }

  /** The user's index if this very login is remembered; undefined means that it must be checked. */
  recall(username: Uint8Array, password: Uint8Array): number | undefined {
    const entry = this.#entries.get(keyOf(username))
    return entry && timingSafeEqual(entry.digest, this.#digest(username, password)) ? entry.user : undefined
  }

  /** Forgets all that is remembered of a user. */
  forget(user: number): void {
    for (const [name, entry] of this.#entries) if (entry.user === user) this.#entries.delete(name)
  }

  /**
   * The key goes first and the digest never leaves this object, so that plain SHA-256 will do; an HMAC costs eight times
   * as much per login. The name's length, as in RFC 1929, keeps `ab` + `c` and `a` + `bc` apart.
   */
  #digest(username: Uint8Array, password: Uint8Array): Buffer {
    const input = Buffer.concat([this.#key, Uint8Array.of(username.length), username, password])
    return hash('sha256', input, 'buffer')
  }
}

/** Exact bytes: no two user names have the same key. */
function keyOf(username: Uint8Array): string {
  return Buffer.from(username.buffer, username.byteOffset, username.byteLength).toString('latin1')
}
