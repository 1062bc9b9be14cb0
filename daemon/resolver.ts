import { lookup } from 'node:dns/promises'
import type { Health } from '../shared/protocol/methods.ts'
import { Recent } from './observe/recent.ts'

/** Lookups at once. Each holds a thread of libuv's pool, and libuv lets them hold half of its threads (12 KiB each). */
export const lookupsAtOnce = 64
/** Names that may wait for a lookup. One more is answered as unknown. */
const maxWaiting = 4096
/** Seconds for which failures and slow answers are remembered. */
const remembered = 60

export interface ResolverOptions {
  /** Milliseconds for which an answer is of use: a name that has waited longer for its lookup gets none. */
  readonly timeout: number
  readonly warn: (message: string) => void
  /** Finds a name's addresses; the system's resolver unless a test brings its own. May reject. */
  readonly find?: (name: string) => Promise<readonly { readonly address: string }[]>
}

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
 * Names to addresses as the system resolves and orders them, hosts file included. The system's call blocks a thread, so
 * lookups are few at once, the rest queue, and those who ask for one name at the same time share its lookup.
 */
export class Resolver {
  /** As in the options; a change counts for names that are asked for from then on. */
  timeout: number
  readonly #warn: (message: string) => void
  readonly #find: NonNullable<ResolverOptions['find']>
  readonly #lookups = new Map<string, Lookup>()
  readonly #waiting: Lookup[] = []
  readonly #answers = new Recent(remembered)
  readonly #failures = new Recent(remembered)
  #running = 0
  #isOverloaded = false

  constructor({ timeout, warn, find = findInSystem }: ResolverOptions) {
    this.timeout = timeout
    this.#warn = warn
    this.#find = find
  }

  get health(): Health['names'] {
    return { pending: this.#lookups.size, failed: this.#failures.count, slowest: this.#answers.worst }
  }

  /** The name's addresses, or none: it is unknown, or too many wait. Never rejects. */
  resolve(name: string): Promise<readonly string[]> {
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
    while (this.#running < lookupsAtOnce) {
      const next = this.#waiting.shift()
      if (!next) {
        this.#isOverloaded = false
        return
      }
      void this.#perform(next)
    }
  }

  async #perform(lookup: Lookup) {
    const { name, resolve } = lookup
    this.#running++
    const found = lookup.expires < Date.now() ? [] : await this.#find(name).catch(() => [])
    this.#running--
    this.#lookups.delete(name)
    this.#count(lookup, found.length > 0)
    resolve(found.map(({ address }) => address))
    this.#startWaiting()
  }

  #count({ asked, expires }: Lookup, isFound: boolean) {
    const took = performance.now() - asked
    this.#answers.note(took)
    // Whoever asked has given up by then.
    if (!isFound || expires < Date.now()) this.#failures.note(took)
  }

  async #refuse(): Promise<readonly string[]> {
    if (!this.#isOverloaded) this.#warn(`${maxWaiting} names wait to be resolved; further ones are answered as unknown`)
    this.#isOverloaded = true
    this.#failures.note(0)
    return []
  }
}

function findInSystem(name: string) {
  return lookup(name, { all: true, order: 'verbatim' })
}
