import type { Health } from '../../shared/protocol/methods.ts'
import type { Resolution } from '../engine/engine.ts'
import { NameCache } from '../engine/name-cache.ts'
import { Recent } from '../observe/recent.ts'
import { type Find, type Found, firstOf } from './found.ts'

/** Lookups at once, of those that somebody may still wait for. */
const lookupsAtOnce = 64
/**
 * Those that nobody waits for included: the system's call cannot be stopped, and holds a thread of libuv's pool (12 KiB)
 * until its time is up. Libuv lets such calls hold half of its threads.
 */
export const mostLookups = 96
/** Milliseconds for which an answer is good, at most, whoever says otherwise. */
const longest = 30_000
/** That a name has no addresses may be a passing trouble, but who asks for it again at once shall not search again. */
const negativeLasts = 3_000
/** Names that may wait for a lookup. One more is not looked up. */
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
  readonly answer: Promise<Resolution | undefined>
  readonly resolve: (found: Resolution | undefined) => void
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
  readonly #cache = new NameCache<string>()
  #sweep: NodeJS.Timeout | undefined
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

  /** What is known of the name; undefined if it was not looked up in time, or too many wait. Never rejects. */
  async resolve(name: string): Promise<Resolution | undefined> {
    const now = performance.now()
    const known = this.#cache.recall(name, now)
    return known ? { addresses: known.addresses, lasts: known.until - now } : this.#share(name)
  }

  /** As `resolve`, by the lookup for this name that is under way already, or by a new one. */
  #share(name: string): Promise<Resolution | undefined> | undefined {
    const expires = Date.now() + this.timeout
    const known = this.#lookups.get(name)
    if (known) {
      known.expires = expires
      return known.answer
    }
    if (this.#waiting.length === maxWaiting) return this.#refuse()
    const { promise: answer, resolve } = Promise.withResolvers<Resolution | undefined>()
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
      if (next.expires < Date.now()) this.#finish(next, undefined)
      else void this.#perform(next)
    }
  }

  async #perform(lookup: Lookup) {
    this.#running++
    const leave = this.#takePlace()
    const { addresses: all, lasts } = await this.#find(lookup.name).catch(() => nothing)
    const addresses = firstOf(all)
    this.#running--
    leave()
    const found = { addresses, lasts: addresses.length > 0 ? Math.min(lasts, longest) : negativeLasts }
    this.#learn(lookup.name, found)
    this.#finish(lookup, found)
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

  #learn(name: string, { addresses, lasts }: Resolution) {
    const now = performance.now()
    this.#cache.learn(name, { addresses, until: now + lasts }, now)
    this.#sweepLater()
  }

  /** What is not good any more goes, whether somebody asks for it or not. */
  #sweepLater() {
    const { sweepAt } = this.#cache
    if (this.#sweep || sweepAt === Number.POSITIVE_INFINITY) return
    const sweep = () => {
      this.#sweep = undefined
      this.#cache.sweep(performance.now())
      this.#sweepLater()
    }
    this.#sweep = setTimeout(sweep, sweepAt - performance.now()).unref()
  }

  #finish({ name, resolve, asked, expires }: Lookup, found: Resolution | undefined) {
    this.#lookups.delete(name)
    const took = performance.now() - asked
    this.#times.note(took)
    // Whoever asked has given up by then.
    if (!found?.addresses.length || expires < Date.now()) this.#failures.note(took)
    resolve(found)
  }

  #refuse(): undefined {
    if (!this.#isOverloaded) this.#warn(`${maxWaiting} names wait to be resolved; whoever asks for more gets reply 01`)
    this.#isOverloaded = true
    this.#failures.note(0)
  }
}
