import type { Health } from '../../shared/protocol/methods.ts'
import { Recent } from '../observe/recent.ts'
import { Answers } from './answers.ts'
import type { Find, Found } from './found.ts'

/** Lookups at once, of those that somebody may still wait for. */
const lookupsAtOnce = 64
/**
 * Those that nobody waits for included: the system's call cannot be stopped, and holds a thread of libuv's pool (12 KiB)
 * until its time is up. Libuv lets such calls hold half of its threads.
 */
export const mostLookups = 96
/** Names that may wait for a lookup. One more is answered as unknown. */
const maxWaiting = 4096
/** Seconds for which failures and slow answers are remembered. */
const remembered = 60

export interface ResolverOptions {
  /**
   * Milliseconds for which an answer is of use: a name that has waited longer for its lookup gets none, and a lookup that
   * takes longer makes place for another.
   */
  readonly timeout: number
  readonly warn: (message: string) => void
  readonly find: Find
}

const nothing: Found = { addresses: [], lasts: 0 }

interface Lookup {
  readonly name: string
  readonly answer: Promise<readonly string[]>
  readonly resolve: (addresses: readonly string[]) => void
  /** As `performance.now` counts. */
  readonly asked: number
  /** Milliseconds since 1970. */
  expires: number
}

/**
 * Names to addresses. What was found a moment ago is remembered, and so is that nothing was. Lookups are few at once, the
 * rest queue, and those who ask for one name at the same time share its lookup.
 */
export class Resolver {
  /** As in the options; a change counts for names that are asked for from then on. */
  timeout: number
  readonly #warn: (message: string) => void
  readonly #find: Find
  readonly #answers = new Answers()
  readonly #lookups = new Map<string, Lookup>()
  readonly #waiting: Lookup[] = []
  readonly #times = new Recent(remembered)
  readonly #failures = new Recent(remembered)
  /** Lookups under way, and those of them that hold a place. */
  #running = 0
  #places = 0
  #isOverloaded = false

  constructor({ timeout, warn, find }: ResolverOptions) {
    this.timeout = timeout
    this.#warn = warn
    this.#find = find
  }

  get health(): Health['names'] {
    return { pending: this.#lookups.size, failed: this.#failures.count, slowest: this.#times.worst }
  }

  /** The name's addresses, or none: it is unknown, or too many wait. Never rejects. */
  async resolve(text: string): Promise<readonly string[]> {
    const name = text.toLowerCase()
    return this.#answers.recall(name) ?? this.#share(name)
  }

  /** As `resolve`, by the lookup for this name that is under way already, or by a new one. */
  #share(name: string): Promise<readonly string[]> | readonly string[] {
    const expires = Date.now() + this.timeout
    const known = this.#lookups.get(name)
    if (known) {
      known.expires = expires
      return known.answer
    }
    if (this.#waiting.length === maxWaiting) return this.#refuse()
    const { promise: answer, resolve } = Promise.withResolvers<readonly string[]>()
    const lookup = { name, answer, resolve, expires, asked: performance.now() }
    this.#lookups.set(name, lookup)
    this.#waiting.push(lookup)
    this.#startWaiting()
    return answer
  }

  #startWaiting() {
    while (this.#places < lookupsAtOnce && this.#running < mostLookups) {
      const next = this.#waiting.shift()
      if (!next) {
        this.#isOverloaded = false
        return
      }
      if (next.expires < Date.now()) this.#finish(next, [])
      else void this.#perform(next)
    }
  }

  async #perform(lookup: Lookup) {
    this.#running++
    const leave = this.#takePlace()
    const { addresses, lasts } = await this.#find(lookup.name).catch(() => nothing)
    this.#running--
    leave()
    this.#answers.learn(lookup.name, addresses, lasts)
    this.#finish(lookup, addresses)
    this.#startWaiting()
  }

  /** Hold a place until the function returned is called, or nobody waits any more. */
  #takePlace(): () => void {
    this.#places++
    let isHeld = true
    const leave = () => {
      if (isHeld) this.#places--
      isHeld = false
    }
    const timer = setTimeout(() => {
      leave()
      this.#startWaiting()
    }, this.timeout)
    return () => {
      clearTimeout(timer)
      leave()
    }
  }

  #finish({ name, resolve, asked, expires }: Lookup, addresses: readonly string[]) {
    this.#lookups.delete(name)
    const took = performance.now() - asked
    this.#times.note(took)
    // Whoever asked has given up by then.
    if (addresses.length === 0 || expires < Date.now()) this.#failures.note(took)
    resolve(addresses)
  }

  #refuse(): readonly string[] {
    if (!this.#isOverloaded) this.#warn(`${maxWaiting} names wait to be resolved; further ones are answered as unknown`)
    this.#isOverloaded = true
    this.#failures.note(0)
    return []
  }
}
