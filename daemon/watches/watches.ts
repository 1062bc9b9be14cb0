import { parseWatch, WatchError, type WatchTerms, watchText } from '../../shared/filter/watch-text.ts'
import type { Health, Params, Watch, WatchNotice } from '../../shared/protocol/methods.ts'
import { mostWatches } from '../../shared/protocol/vocabulary.ts'
import { firstOfSource } from '../net/address.ts'
import { formatNetwork, parseNetwork } from '../net/network.ts'
import { Refusal } from '../refusal.ts'
import { type StoredWatch, StoreError, type WatchStore } from '../store/store.ts'
import { type Condition, conditionOf, learn, type Second } from './conditions.ts'
import type { SessionMove } from './session-moves.ts'

/** Of whom a watch is told to be so, at most. */
const mostFiring = 100
/** Milliseconds between two looks, while there are watches. */
const period = 1_000
/** Looks between two writes of where users have been. */
const saving = 60
/** Addresses whose failed logins are looked at in one second. */
const mostFailed = 10_000

export interface WatchesOptions {
  readonly store: WatchStore
  /** Bytes of everybody or of a user, both ways, which only grow; undefined if there is no such user. */
  readonly moved: (user?: string) => number | undefined
  /** Looks at all sessions, again and again: what each has done since the last look. */
  readonly sessions: () => { look(): readonly SessionMove[] }
  readonly nameOf: (index: number) => string | undefined
  /** Who is near a limit, or whether a user is. */
  readonly near: (user?: string) => Health['near']
  /** Hear of each failed login, by its address, until the returned function is called. */
  readonly watchLogins: (listener: (address: Uint8Array) => void) => () => void
  readonly warn: (message: string) => void
  readonly now?: () => number
}

interface Kept {
  readonly name: string
  readonly terms: WatchTerms
  readonly created: number
  readonly by: string
  readonly seen: Set<string>
  readonly condition: Condition
  fired: number
  /** The last of the destinations that are stored. */
  saved: string | undefined
}

type Listener = (notice: WatchNotice) => void

/** What operators have the daemon look out for. Without watches it looks at nothing. */
export class Watches {
  readonly #options: WatchesOptions
  readonly #now: () => number
  readonly #byName = new Map<string, Kept>()
  /** Names of those that are being stored, which nobody else may take meanwhile. */
  readonly #coming = new Set<string>()
  /** Names of those that are removed, and still in the store. */
  readonly #unstored = new Set<string>()
  /** Names of those that are stored, and not understood here. */
  readonly #ignored = new Set<string>()
  readonly #listeners = new Set<Listener>()
  #sessions: { look(): readonly SessionMove[] } | undefined
  #failed: Uint8Array[] = []
  #unwatch: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #looked = 0
  #looks = 0

  private constructor(options: WatchesOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** With those that are stored, but for those that another version has stored and this one does not understand. Rejects with a StoreError. */
  static async load(options: WatchesOptions): Promise<Watches> {
    const watches = new Watches(options)
    for (const { name, text, created, by, seen } of await options.store.list())
      watches.#keepStored({ name, text, created, by, seen })
    watches.#settle()
    return watches
  }

  /** By name, in the order in which they were added. */
  list(): Watch[] {
    return [...this.#byName.values()].map(toldOf)
  }

  /** Hear of what they tell, until the returned function is called. */
  watch(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Refused with `invalid`, `exists`, `conflict` if there is no room, and `unavailable` if it cannot be stored. */
  async add({ name, text }: Params<'watches.add'>, by: string): Promise<Watch> {
    const terms = termsOf(text)
    if (this.#byName.has(name) || this.#coming.has(name)) throw exists(name)
    if (this.#byName.size + this.#coming.size >= mostWatches)
      throw new Refusal('conflict', `there are ${mostWatches} watches, the most there can be`)
    const watch = { name, terms, created: Date.now(), by }
    this.#coming.add(name)
    try {
      const stored = { name, text: watchText(terms), created: watch.created, by, seen: [] }
      // What stands there of a removed one, or of one that is ignored.
      if (this.#unstored.has(name) || this.#ignored.has(name))
        await this.#stored(name, () => this.#options.store.remove(name))
      // Another daemon of a fleet may have added one of that name this moment.
      if (!(await this.#stored(name, () => this.#options.store.insert(stored)))) throw exists(name)
    } finally {
      this.#coming.delete(name)
    }
    this.#unstored.delete(name)
    this.#ignored.delete(name)
    const kept = this.#keep(watch, [])
    this.#settle()
    return toldOf(kept)
  }

  /** Resolves to what it looked out for. Refused with `not_found`. */
  async remove(name: string): Promise<{ text: string; stored: boolean }> {
    const kept = this.#byName.get(name)
    if (!kept) throw new Refusal('not_found', `there is no watch ${name}`)
    this.#byName.delete(name)
    this.#settle()
    try {
      this.#unstored.add(name)
      await this.#options.store.remove(name)
      this.#unstored.delete(name)
      return { text: watchText(kept.terms), stored: true }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.#options.warn(`the watch ${name} is removed, and a restart would bring it back: ${error.message}`)
      return { text: watchText(kept.terms), stored: false }
    }
  }

  /**
   * Looks out for what the store says now, since another daemon has changed it there. What is looked out for already goes on.
   * Rejects with a StoreError, and then nothing has changed.
   */
  async adopt(): Promise<void> {
    const before = new Map(this.#byName)
    const stored = new Map((await this.#options.store.list()).map((watch) => [watch.name, watch]))
    const isOurs = (name: string) =>
      this.#coming.has(name) || this.#unstored.has(name) || this.#byName.get(name) !== before.get(name)
    for (const name of before.keys()) if (!stored.has(name) && !isOurs(name)) this.#byName.delete(name)
    for (const { name, text, created, by, seen } of stored.values()) {
      if (isOurs(name)) continue
      const known = before.get(name)
      if (known && watchText(known.terms) === text && known.created === created) {
        for (const destination of seen ?? []) learn(known.seen, destination)
        // What all know need not be stored again, and heard of again.
        if (known.seen.size === seen?.length) known.saved = [...known.seen].at(-1)
      } else this.#keepStored({ name, text, created, by, seen })
    }
    this.#settle()
  }

  /** Keeps where users have been. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#unwatch?.()
    await this.#save()
  }

  #keepStored({ text, seen, ...watch }: StoredWatch): void {
    try {
      this.#keep({ ...watch, terms: termsOf(text) }, seen ?? [])
      this.#ignored.delete(watch.name)
      if (!seen) this.#options.warn(`what the stored watch ${watch.name} has seen is damaged: to it all is new again`)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#ignored.add(watch.name)
      this.#options.warn(`the stored watch ${watch.name} is ignored: ${error.message}; add it anew`)
    }
  }

  #keep(watch: Pick<Kept, 'name' | 'terms' | 'created' | 'by'>, known: readonly string[]): Kept {
    const seen = new Set(known)
    const kept = { ...watch, seen, condition: conditionOf(watch.terms, seen), fired: 0, saved: known.at(-1) }
    this.#byName.set(watch.name, kept)
    return kept
  }

  /** Looks only as long as there is something to look out for. */
  #settle(): void {
    const kinds = new Set([...this.#byName.values()].map(({ terms }) => kindOf(terms)))
    if (kinds.size === 0) clearInterval(this.#timer)
    if (kinds.size === 0 || this.#timer === undefined) this.#looked = this.#now()
    this.#timer = kinds.size === 0 ? undefined : (this.#timer ?? setInterval(() => this.#look(), period).unref())
    this.#sessions = kinds.has('sessions') ? (this.#sessions ?? this.#options.sessions()) : undefined
    if (!kinds.has('logins')) {
      this.#unwatch?.()
      this.#unwatch = undefined
      this.#failed = []
    } else {
      this.#unwatch ??= this.#options.watchLogins((address) => {
        if (this.#failed.length < mostFailed) this.#failed.push(address)
      })
    }
  }

  #look(): void {
    const second = this.#second()
    for (const kept of this.#byName.values())
      for (const told of kept.condition.look(second)) {
        if (told.state !== 'over') kept.fired++
        const notice = { watch: kept.name, time: Date.now(), ...told }
        for (const hear of this.#listeners) hear(notice)
      }
    if (++this.#looks % saving === 0) void this.#save()
  }

  #second(): Second {
    const { moved, nameOf, near } = this.#options
    const now = this.#now()
    const lasted = Math.max(1, now - this.#looked)
    this.#looked = now
    const moves = this.#sessions?.look() ?? []
    const failed = this.#failed.map((bytes) => ({ bytes, text: sourceText(bytes) }))
    this.#failed = []
    return { now, lasted, moved, sessions: () => moves, nameOf, near, failed }
  }

  async #save(): Promise<void> {
    for (const kept of this.#byName.values()) {
      // As many as there may be stay so many.
      const last = [...kept.seen].at(-1)
      if (last === kept.saved) continue
      kept.saved = last
      const { name, created, seen } = kept
      const learnt = this.#stored(name, () => this.#options.store.learn({ name, created, seen: [...seen] }))
      await learnt.catch((error: Refusal) => this.#options.warn(error.message))
    }
  }

  async #stored<Result>(name: string, write: () => Promise<Result>): Promise<Result> {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      throw new Refusal('unavailable', `the watch ${name} cannot be stored: ${error.message}`)
    }
  }
}

function exists(name: string): Refusal {
  return new Refusal('exists', `there is a watch ${name} already: remove it first`)
}

/** As bans have it: whoever has one address of a /64 of IPv6 has as many as there are guesses. */
function sourceText(address: Uint8Array): string {
  return formatNetwork({ bytes: firstOfSource(address, 64), prefix: address.length === 4 ? 32 : 64 })
}

/** What has to be looked at for it. */
function kindOf(terms: WatchTerms): 'sessions' | 'logins' | 'counters' {
  if (terms.kind === 'login-failures') return 'logins'
  return terms.kind === 'new-destination' || ('source' in terms && terms.source !== undefined) ? 'sessions' : 'counters'
}

function toldOf({ name, terms, created, by, condition, fired }: Kept): Watch {
  return { name, text: watchText(terms), created, by, firing: condition.firing.slice(0, mostFiring), fired }
}

function termsOf(text: string): WatchTerms {
  try {
    const terms = parseWatch(text)
    if ('source' in terms && terms.source !== undefined) parseNetwork(terms.source)
    return terms
  } catch (error) {
    if (error instanceof WatchError || error instanceof RangeError) throw new Refusal('invalid', error.message)
    throw error
  }
}
