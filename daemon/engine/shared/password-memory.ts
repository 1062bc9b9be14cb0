import { hash, randomFillSync } from 'node:crypto'
import type { Admission, Login } from '../engine.ts'
import { maxUsers } from '../session-table.ts'

interface Entry {
  readonly user: number
  readonly digest: string
}

/** Enough for every user to keep one; beyond it the one remembered first goes. */
const defaultCapacity = 65_536
const keyBytes = 32
/** A key, and the longest login behind it. */
const inputBytes = keyBytes + 1 + 2 * 255

/**
 * Logins that were good a moment ago, so that the slow check happens once and not per connection. It holds no password:
 * only digests under a key that lives and dies with this object.
 */
export class PasswordMemory {
  /** The key, and behind it what is hashed next. Made with the first login: without any, what makes a key need not be loaded. */
  #input: Uint8Array | undefined
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
    // How long it takes to compare them tells nothing: nobody else knows what a login's digest is.
    return entry?.digest === this.#digest(username, password) ? entry.user : undefined
  }

  /** Forgets all that is remembered of a user, and admits nobody by an answer from before this revision. */
  userChanged(user: number, revision: number): void {
    this.#changed[user] = revision
    for (const [name, entry] of this.#entries) if (entry.user === user) this.#entries.delete(name)
  }

  /**
   * The key goes first and the digest never leaves this object, so that plain SHA-256 will do; an HMAC costs eight times
   * as much per login. The name's length, as in RFC 1929, keeps `ab` + `c` and `a` + `bc` apart. Of a digest as a buffer the
   * buffer costs twice what the digest does.
   */
  #digest(username: Uint8Array, password: Uint8Array): string {
    this.#input ??= randomFillSync(new Uint8Array(inputBytes), 0, keyBytes)
    const input = this.#input
    const nameStart = keyBytes + 1
    const length = nameStart + username.length + password.length
    input[keyBytes] = username.length
    input.set(username, nameStart)
    input.set(password, nameStart + username.length)
    const digest = hash('sha256', input.subarray(0, length), 'hex')
    input.fill(0, keyBytes, length)
    return digest
  }
}

/** Exact bytes: no two user names have the same key. */
function keyOf(username: Uint8Array): string {
  return Buffer.from(username.buffer, username.byteOffset, username.byteLength).toString('latin1')
}
