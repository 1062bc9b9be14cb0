import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { type Claimant, FairQueue } from './fair-queue.ts'
import { matchesForeign } from './foreign-hash.ts'
import {
  deriveKey,
  keyBytes,
  type PasswordHash,
  type ScryptHash,
  saltBytes,
  scryptParameters,
} from './password-hash.ts'

/** One core stays free for the loops, where there is more than one. */
const checksAtOnce = Math.min(2, Math.max(1, availableParallelism() - 1))

/** On one slow core these take about 10 s, which is the default time for a login. */
const mostChecksWaiting = 256

interface Check {
  readonly answer: Promise<boolean | undefined>
  /** Of all who ask: whether that one still may guess, and wants to know. */
  readonly mayGuess: (() => boolean)[]
}

/** The slow half of a login. However many guesses come in, they get at most two cores and a bounded, fair queue. */
export class Passwords {
  readonly #queue: FairQueue
  /** Checks that wait or run, by salt and password. */
  readonly #checks = new Map<string, Check>()
  readonly #decoySecret = randomBytes(keyBytes)
  readonly #warn: (message: string) => void

  /** `warn` hears why a password could not be checked. */
  constructor(mostWaiting: number = mostChecksWaiting, warn: (message: string) => void = () => {}) {
    this.#queue = new FairQueue(checksAtOnce, mostWaiting)
    this.#warn = warn
  }

  /** Passwords that wait to be checked or hashed. */
  get waiting(): number {
    return this.#queue.waiting
  }

  /** The hash to keep, with a new salt. An operator's change does not wait behind a flood of logins. */
  hash(password: string | Uint8Array): Promise<ScryptHash> {
    const fields = { ...scryptParameters, salt: randomBytes(saltBytes) }
    return this.#queue.runNext(async () => ({
      ...fields,
      key: await deriveKey(Buffer.from(password), fields, keyBytes),
    }))
  }

  /**
   * Whether `password` is the one behind `hash`; undefined if too many checks wait for it to have its turn, or when its turn
   * comes nobody who asks may guess. A client that opens many connections at once is checked once: what asks the same while a
   * check lasts shares its answer.
   */
  matches(
    password: Uint8Array,
    hash: PasswordHash,
    claimant: Claimant,
    mayGuess: () => boolean,
  ): Promise<boolean | undefined> {
    const question = Buffer.concat([hash.salt, password])
    const key = question.toString('latin1')
    const asked = this.#checks.get(key)
    asked?.mayGuess.push(mayGuess)
    if (asked) return asked.answer

    // The caller may reuse its bytes before the turn comes.
    const secret = question.subarray(hash.salt.length)
    const askers = [mayGuess]
    const answer = this.#queue
      .run(async () => (askers.some((may) => may()) ? verify(secret, hash) : undefined), claimant)
      .catch((error: Error) => {
        this.#warn(`a password cannot be checked, and its client has no answer: ${error.message}`)
        throw error
      })
      .finally(() => this.#checks.delete(key))
    this.#checks.set(key, { answer, mayGuess: askers })
    return answer
  }

  /**
   * A hash that no password matches, to check in place of an unknown user's: it costs the same. It has a salt of its
   * own for each name, as users have, or else the sharing of answers would tell the unknown names from the known.
   */
  decoy(username: Uint8Array): ScryptHash {
    const salt = createHmac('sha256', this.#decoySecret).update(username).digest().subarray(0, saltBytes)
    return { ...scryptParameters, salt, key: this.#decoySecret }
  }
}

async function verify(password: Uint8Array, hash: PasswordHash): Promise<boolean> {
  if ('foreign' in hash) return matchesForeign(hash, password)
  return timingSafeEqual(await deriveKey(password, hash, hash.key.length), hash.key)
}
