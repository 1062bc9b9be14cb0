import type { Health } from '../../shared/protocol/methods.ts'
import type { Asker, Resolution } from '../engine/engine.ts'
import { NameCache } from '../engine/shared/name-cache.ts'
import { sourceOf, unmapped } from '../net/address.ts'
import { Recent } from '../observe/recent.ts'
import { earlyAnswer, type Family, type Find, firstOf, joined } from './families.ts'
import { Lookup } from './lookup.ts'
import { LookupQueue } from './lookup-queue.ts'
import { type Payer, Shares } from './shares.ts'

/** Milliseconds for which an answer is good, at most, whoever says otherwise. */
const longest = 30_000
/** That a name has no addresses may be a passing trouble, but who asks for it again at once shall not search again. */
const negativeLasts = 3_000
/** What lacks a family that is late may soon be more. */
const incompleteLasts = 1_000
/** What this machine knows by itself may change at any time. */
const localLasts = 5_000
/** Milliseconds between two looks at who in the queue still waits. */
const sweepInterval = 250
/** What a lookup that nobody waits for any more counts for on its account: less, but who leaves many behind is held up. */
const unwanted = 0.5
/** A session gives up by its own deadline: the answer that it was too late comes behind that. In milliseconds. */
const grace = 1_000
/** Seconds for which failures and slow answers are remembered. */
const remembered = 60

/** Where names are looked up. */
export interface NameSource {
  /** What this machine knows by itself: asked first, and never waited for. Undefined for all other names. */
  readonly findLocally: (name: string) => readonly string[] | undefined
  readonly find: Find
  /** Names to be found at once, those that nobody waits for any more included: they cannot be stopped. */
  readonly room: number
}

export interface ResolverOptions extends NameSource {
  /** Milliseconds for which an answer is of use. */
  readonly timeout: number
  readonly warn: (message: string) => void
}

/**
 * Names to addresses. What was found a moment ago is remembered, and so is that nothing was. Lookups are few at once, the
 * rest queue, and those who ask for one name at the same time share its lookup. Both the places of lookups and those of
 * the queue are shared out by user and source, so that names whose servers are silent keep only those waiting who ask for
 * them; and nothing is looked up for a client that has left.
 */
export class Resolver {
  /** As in the options; a change counts for names that are asked for from then on. */
  timeout: number
  /** How often a name was asked for that was remembered, or known here, and one that was not. */
  remembered = 0
  lookedUp = 0
  readonly #options: ResolverOptions
  readonly #cache = new NameCache<string>()
  /** By name, those that are not answered yet. */
  readonly #lookups = new Map<string, Lookup>()
  /** By name, answers that lack a family that is still out, and until when they are good. */
  readonly #incomplete = new Map<string, { readonly found: Family; readonly until: number }>()
  readonly #queue = new LookupQueue()
  readonly #running = new Set<Lookup>()
  readonly #times = new Recent(remembered)
  readonly #failures = new Recent(remembered)
  #queueSweep: NodeJS.Timeout | undefined
  #cacheSweep: NodeJS.Timeout | undefined

  constructor(options: ResolverOptions) {
    this.#options = options
    this.timeout = options.timeout
  }

  get health(): Health['names'] {
    return { pending: this.#lookups.size, failed: this.#failures.count, slowest: this.#times.worst }
  }

  /** What is known of the name; undefined if it was not looked up in time, or too many wait. Never rejects. */
  async resolve(name: string, asker: Asker): Promise<Resolution | undefined> {
    const known = this.#recall(name)
    if (known) this.remembered++
    else this.lookedUp++
    return known ?? this.#share(name, asker)
  }

  #recall(name: string): Resolution | undefined {
    const local = this.#options.findLocally(name)
    if (local) return { addresses: firstOf(local), lasts: localLasts }
    const now = performance.now()
    const known = this.#cache.recall(name, now)
    if (known) return { addresses: known.addresses, lasts: known.until - now }
    const incomplete = this.#incomplete.get(name)
    if (!incomplete || incomplete.until <= now) return undefined
    return { addresses: incomplete.found.addresses, lasts: Math.min(incomplete.until - now, incompleteLasts) }
  }

  /** By the lookup for this name that is under way already, or by a new one. */
  #share(name: string, asker: Asker): Promise<Resolution | undefined> | undefined {
    if (!asker.isWaiting()) return undefined
    const now = performance.now()
    const payer = payerOf(asker)
    const lookup = this.#lookups.get(name) ?? new Lookup(name, now)
    const mustQueue = lookup.isQueued && !lookup.isOnAccountOf(payer)
    if (mustQueue && !this.#queue.hasRoomFor(payer)) return this.#refuse()
    lookup.join({ payer, asker, until: now + this.timeout + grace })
    if (mustQueue) {
      this.#lookups.set(name, lookup)
      this.#queue.add(lookup, payer)
      this.#startQueued()
    }
    return lookup.answer
  }

  #startQueued(): void {
    const now = performance.now()
    const shares = new Shares(this.#options.room)
    for (const lookup of this.#running) shares.take(lookup.payer, lookup.isWanted(now) ? 1 : unwanted)
    for (const lookup of this.#queue.take(shares)) {
      if (lookup.isWanted(now)) {
        shares.take(lookup.payer)
        void this.#run(lookup)
      } else {
        this.#finish(lookup, undefined)
      }
    }
    if (!this.#queue.isEmpty) this.#queueSweep ??= setTimeout(this.#sweepQueue, sweepInterval).unref()
  }

  /** Nobody tells when a client leaves, and a place may have come free by that. */
  readonly #sweepQueue = (): void => {
    this.#queueSweep = undefined
    for (const lookup of this.#queue.sweep(performance.now())) this.#finish(lookup, undefined)
    this.#startQueued()
  }

  async #run(lookup: Lookup): Promise<void> {
    const { name } = lookup
    lookup.isQueued = false
    this.#running.add(lookup)
    const families = this.#options.find(name, lookup.payer)
    const { found: early, isWhole } = await earlyAnswer(families)
    const now = performance.now()
    const incomplete = { found: early, until: now + Math.min(early.lasts, longest) }
    if (!isWhole) {
      this.#incomplete.set(name, incomplete)
      this.#finish(lookup, { addresses: early.addresses, lasts: Math.min(early.lasts, incompleteLasts) })
    }
    const { addresses, lasts } = isWhole ? early : joined(await families.ipv6, await families.ipv4)
    this.#running.delete(lookup)
    if (this.#incomplete.get(name) === incomplete) this.#incomplete.delete(name)
    const found = { addresses, lasts: addresses.length > 0 ? Math.min(lasts, longest) : negativeLasts }
    this.#learn(name, { addresses, until: now + found.lasts })
    if (isWhole) this.#finish(lookup, found)
    this.#startQueued()
  }

  #finish(lookup: Lookup, found: Resolution | undefined): void {
    const now = performance.now()
    const isLate = lookup.expires <= now
    if (found || isLate) this.#times.note(now - lookup.asked)
    if (found?.addresses.length === 0 || isLate) this.#failures.note(now - lookup.asked)
    this.#lookups.delete(lookup.name)
    lookup.tell(found)
  }

  #refuse(): undefined {
    this.#options.warn('too many names wait to be looked up; who asks for more gets reply 01')
    this.#failures.note(0)
  }

  #learn(name: string, answer: { readonly addresses: readonly string[]; readonly until: number }): void {
    this.#cache.learn(name, answer, performance.now())
    this.#sweepCacheLater()
  }

  /** What is not good any more goes, whether somebody asks for it or not. */
  #sweepCacheLater(): void {
    const { sweepAt } = this.#cache
    if (this.#cacheSweep || sweepAt === Number.POSITIVE_INFINITY) return
    const sweep = () => {
      this.#cacheSweep = undefined
      this.#cache.sweep(performance.now())
      this.#sweepCacheLater()
    }
    this.#cacheSweep = setTimeout(sweep, Math.max(0, sweepAt - performance.now())).unref()
  }
}

/** Who has logged in answers for themselves wherever they are, and has a share of their own at each place. */
function payerOf({ user, source }: Asker): Payer {
  const place = sourceOf(unmapped(source))
  return user === 0 ? { user: undefined, place } : { user: String(user), place: `${user} ${place}` }
}
