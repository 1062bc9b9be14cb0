import { formatDuration } from '../../shared/format/time.ts'
import { type ChangeMark, type FleetStore, type StoredChange, StoreError } from '../store/store.ts'

/** Milliseconds between two questions, and the part of them by which each is earlier or later: not all nodes ask at once. */
const period = 1_000
const jitter = 0.2
/** Milliseconds between two tries of a store that does not answer, at most. */
const longestPause = 10_000
/** Milliseconds for which a change of an operator waits for what others have changed. */
const patience = 1_000
/** Questions before what could not be taken over is tried again. */
const retryAfter = 30
/** Changes of one look that are each told: of more, how many there were. */
const mostTold = 20

/** Names of what has changed, or `all`: anything may have. */
export type Keys = ReadonlySet<string> | 'all'

export interface AccountKeys {
  readonly users: Keys
  readonly groups: boolean
}

/**
 * Each has a part of the daemon be as the store says it is now, since another node has changed it there, as if it had been changed
 * here. Rejects with a StoreError if the store does not tell, and then nothing has changed.
 */
export interface Adopters {
  accounts(keys: AccountKeys): Promise<void>
  rules(): Promise<void>
  settings(): Promise<void>
  operators(): Promise<void>
  bans(sources: Keys): Promise<void>
  watches(): Promise<void>
}

export interface ChangeFollowerOptions {
  readonly store: Pick<FleetStore, 'lastChange' | 'changesSince'>
  readonly adopters: Adopters
  /** The last change that is known here, by what was read at the start. */
  readonly since: ChangeMark
  readonly log: { info(message: string): void; warn(message: string): void }
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number
  /** Milliseconds. */
  readonly period?: number
}

type Listener = (text: string) => void

/** Follows what other nodes change in the store, and this one without having been told that it was done, and has it act here. */
export class ChangeFollower {
  readonly #options: ChangeFollowerOptions
  readonly #now: () => number
  readonly #listeners = new Set<Listener>()
  #mark: ChangeMark
  #timer: NodeJS.Timeout | undefined
  /** The look that is under way. */
  #looking: Promise<void> | undefined
  /** Times in a row that the store did not answer. */
  #failures = 0
  #problem: string | null = null
  #heard: number
  /** What the store told, and could not be taken over. */
  readonly #behind = new Set<Kind>()
  #untilRetry = 0
  #isClosed = false

  constructor(options: ChangeFollowerOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#mark = options.since
    this.#heard = this.#now()
  }

  /** Whether the store answered when it was asked last. */
  get isUp(): boolean {
    return this.#failures === 0
  }

  /** Why it did not; null if it did. */
  get problem(): string | null {
    return this.#problem
  }

  /** Milliseconds since all that others had changed was known here. */
  get lag(): number {
    return this.#now() - this.#heard
  }

  /** What other nodes know, and could not be taken over here. */
  get behind(): readonly string[] {
    return [...this.#behind]
  }

  /** Hear of each change of another node, in words for people, once it acts here, until the returned function is called. */
  watch(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  start(): void {
    this.#isClosed = false
    this.#wait()
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#looking
  }

  /**
   * Has act here what others have changed until now, so that whoever changes something next builds on that. Never rejects; where the
   * store does not answer it is not waited for.
   */
  async catchUp(): Promise<void> {
    if (this.#isClosed || !this.isUp) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, patience)
    // One that is under way may have asked before.
    const looked = (this.#looking ?? Promise.resolve()).then(() => (this.isUp ? this.#look() : undefined))
    await Promise.race([looked, promise])
    clearTimeout(timer)
  }

  #wait(): void {
    if (this.#isClosed) return
    const { period: pace = period } = this.#options
    const pause = Math.min(longestPause, pace * 2 ** Math.max(0, this.#failures - 1))
    const wait = pause * (1 - jitter + 2 * jitter * Math.random())
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(), wait).unref()
  }

  /** Never rejects. Whoever comes while one is under way gets that one. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined
      this.#wait()
    })
    return this.#looking
  }

  async #lookOnce(): Promise<void> {
    const { log } = this.#options
    try {
      while (await this.#takePage()) {}
      await this.#retryBehind()
      if (this.#failures > 0) log.info(`the store answers again, after ${formatDuration(this.lag)}`)
      this.#failures = 0
      this.#problem = null
      this.#heard = this.#now()
    } catch (error) {
      const { message } = error as Error
      if (this.#failures === 0)
        log.warn(`what other nodes change is not known here until the store answers: ${message}`)
      this.#problem = message
      this.#failures++
    }
  }

  /** Resolves to whether there is more. */
  async #takePage(): Promise<boolean> {
    const changes = await this.#options.store.changesSince(this.#mark)
    if (this.#isClosed) return false
    if (changes === undefined) return this.#compare()
    const last = changes.at(-1)
    if (last === undefined) return false
    const others = changes.filter(({ isOwn }) => !isOwn)
    await this.#adopt(keysOf(others))
    this.#mark = { seq: last.seq, made: last.made }
    this.#tell(others)
    return true
  }

  /**
   * What is known here is not behind what the store tells: it has been put back to a backup, or a standby has taken over that had
   * not heard of all. Counts from there on.
   */
  async #compare(): Promise<true> {
    const { store, log } = this.#options
    const last = await store.lastChange()
    log.warn('the store is at another state than it was: all of it is compared with what acts here')
    await this.#adopt(everything)
    this.#mark = last
    return true
  }

  async #retryBehind(): Promise<void> {
    if (this.#behind.size === 0 || --this.#untilRetry > 0) return
    await this.#adopt(new Map([...this.#behind].map((kind) => [kind, 'all'])))
  }

  /** In the order in which they build on each other. Rejects with a StoreError; what cannot be for another reason is told, and tried again later. */
  async #adopt(keys: ReadonlyMap<Kind, Keys>): Promise<void> {
    const { adopters, log } = this.#options
    const one = async (kind: Kind, adopt: (keys: Keys) => Promise<void>) => {
      const changed = keys.get(kind)
      if (changed === undefined) return
      try {
        await adopt(changed)
        this.#behind.delete(kind)
      } catch (error) {
        if (error instanceof StoreError) throw error
        if (!this.#behind.has(kind))
          log.warn(`${words[kind]} of other nodes do not act here: ${(error as Error).message}`)
        this.#behind.add(kind)
        this.#untilRetry = retryAfter
      }
    }
    const groups = keys.has('group')
    if (keys.has('user') || groups) {
      const users = keys.get('user') ?? new Set()
      await one(keys.has('user') ? 'user' : 'group', () => adopters.accounts({ users, groups }))
    }
    await one('rules', () => adopters.rules())
    await one('settings', () => adopters.settings())
    await one('operator', () => adopters.operators())
    await one('ban', (sources) => adopters.bans(sources))
    await one('watch', () => adopters.watches())
  }

  #tell(changes: readonly StoredChange[]): void {
    for (const [kind, node, keys] of sumUp(changes)) {
      const what = keys.length > mostTold ? [`${keys.length} ${words[kind]}`] : keys.map((key) => nameOf(kind, key))
      for (const each of what) {
        const text = `${each} changed on node ${node}`
        this.#options.log.info(text)
        for (const hear of this.#listeners) hear(text)
      }
    }
  }
}

type Kind = StoredChange['kind']

const words: Readonly<Record<Kind, string>> = {
  user: 'users',
  group: 'groups',
  rules: 'rules',
  settings: 'settings',
  operator: 'operators',
  ban: 'bans',
  watch: 'watches',
}

const everything: ReadonlyMap<Kind, Keys> = new Map((Object.keys(words) as Kind[]).map((kind) => [kind, 'all']))

function nameOf(kind: Kind, key: string): string {
  if (key === '') return kind === 'rules' || kind === 'settings' ? `the ${words[kind]}` : `many ${words[kind]}`
  return kind === 'ban' ? `the ban of ${key}` : `the ${kind} ${JSON.stringify(key)}`
}

/** So many at once that none is named are all of them. */
function keysOf(changes: readonly StoredChange[]): Map<Kind, Keys> {
  const keys = new Map<Kind, Set<string>>()
  for (const { kind, key } of changes) keys.set(kind, (keys.get(kind) ?? new Set()).add(key))
  return new Map([...keys].map(([kind, some]) => [kind, some.has('') ? 'all' : some]))
}

/** Each thing once, by who changed it. */
function sumUp(changes: readonly StoredChange[]): [Kind, string, string[]][] {
  const sums = new Map<string, [Kind, string, Set<string>]>()
  for (const { kind, key, node } of changes) {
    const sum = sums.get(`${kind} ${node}`) ?? [kind, node, new Set()]
    sums.set(`${kind} ${node}`, sum)
    sum[2].add(key)
  }
  return [...sums.values()].map(([kind, node, keys]) => [kind, node, [...keys]])
}
