import type { AuditEntry } from '../../shared/protocol/methods.ts'
import type { AuditKept, AuditStore, AuditWish } from '../store/store.ts'

export type NewEntry = Omit<AuditEntry, 'id' | 'time' | 'count' | 'node'>

/** Kept for 400 days, and 64 MiB of text. */
const keptTime = 400 * 86_400_000
const keptBytes = 64 * 1024 * 1024
/** Entries that wait for a disk that does not take them; beyond it the oldest are lost, and counted. */
const mostWaiting = 1_000
/** Entries of one operator in that minute that each stand for themselves, but for admins. */
const mostAlone = 60
/** Kinds of failures of which each is summed by itself in one minute: beyond them all others are one. */
const mostSums = 64

type AuditListener = (entry: Omit<AuditEntry, 'id'>) => void

export interface AuditTrailOptions {
  readonly store: AuditStore
  /** The name of this daemon in its fleet; undefined: it is in none. */
  readonly node?: string | undefined
  readonly warn: (message: string) => void
  /** Milliseconds until a write that has failed is tried again. */
  readonly pause?: number
  /** Milliseconds in which failures of one kind become one entry. */
  readonly sumTime?: number
}

/** Entries of one kind that are not made each for itself. */
interface Sum {
  readonly entry: NewEntry
  count: number
}

/**
 * What operators have done and were refused. An entry is on its way to the disk at once, and whoever made the change does
 * not wait for it; where the disk does not take it, it waits. Neither strangers nor operators can fill it, and have it forget
 * what they did before: failures of one kind are one entry a minute, and so is what somebody does who does very much.
 */
export class AuditTrail {
  readonly #store: AuditStore
  readonly #place: Pick<AuditEntry, 'node'>
  readonly #warn: (message: string) => void
  readonly #pause: number
  readonly #sumTime: number
  #waiting: Omit<AuditEntry, 'id'>[] = []
  /** Entries that were lost since the last one that was stored. */
  #lost = 0
  #writing: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  readonly #sums = new Map<string, Sum>()
  /** Of operators who have done much in this minute: by kind, what they have done beyond it. */
  readonly #alone = new Map<string, number>()
  readonly #done = new Map<string, Sum>()
  #sumTimer: NodeJS.Timeout | undefined
  readonly #listeners = new Set<AuditListener>()
  readonly #followers = new Set<(entries: readonly AuditEntry[]) => void>()

  constructor({ store, node, warn, pause = 5_000, sumTime = 60_000 }: AuditTrailOptions) {
    this.#store = store
    this.#place = node === undefined ? {} : { node }
    this.#warn = warn
    this.#pause = pause
    this.#sumTime = sumTime
  }

  /** Hear of each entry, as it is entered, until the returned function is called. */
  watch(listener: AuditListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Hear of entries once they are stored, oldest first, until the returned function is called. */
  follow(listener: (entries: readonly AuditEntry[]) => void): () => void {
    this.#followers.add(listener)
    return () => void this.#followers.delete(listener)
  }

  /**
   * Enters what was done: of one who is no admin and does very much, the rest of a minute as one entry a kind. Whether it
   * has an entry of its own.
   */
  enter(entry: NewEntry): boolean {
    const { by, role, action } = entry
    const isAlone = by === null || role === 'admin' || this.#isAlone(by)
    if (isAlone) this.#add(entry, 1)
    else {
      const kind = JSON.stringify([by, action])
      const sum = this.#done.get(kind) ?? { entry, count: 0 }
      sum.count++
      this.#done.set(kind, sum)
    }
    return isAlone
  }

  #isAlone(by: string): boolean {
    this.#sumTimer ??= setTimeout(() => this.#endSums(), this.#sumTime).unref()
    const alone = (this.#alone.get(by) ?? 0) + 1
    this.#alone.set(by, alone)
    return alone <= mostAlone
  }

  /** Enters what failed or was refused: the first of its kind at once, those that follow within a minute as one. */
  enterFailure(entry: NewEntry): void {
    const { by, from, action, outcome } = entry
    const kind = JSON.stringify([by, from, action, outcome])
    const sum = this.#sums.get(kind)
    if (sum) sum.count++
    else if (this.#sums.size < mostSums) {
      this.#sums.set(kind, { entry, count: 0 })
      this.#add(entry, 1)
    } else {
      const others = this.#sums.get('') ?? { entry: { ...entry, by: null, from: 'many', given: {} }, count: 0 }
      others.count++
      this.#sums.set('', others)
    }
    this.#sumTimer ??= setTimeout(() => this.#endSums(), this.#sumTime).unref()
  }

  /** Rejects with a StoreError. */
  list(wish: AuditWish): Promise<AuditEntry[]> {
    return this.#store.list(wish)
  }

  /** Tries once more to store what waits. */
  async close(): Promise<void> {
    this.#endSums()
    await this.#writing
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#write()
    await this.#writing
    clearTimeout(this.#retry)
  }

  #endSums(): void {
    clearTimeout(this.#sumTimer)
    this.#sumTimer = undefined
    for (const { entry, count } of [...this.#done.values(), ...this.#sums.values()])
      if (count > 0) this.#add(entry, count)
    for (const counted of [this.#alone, this.#done, this.#sums]) counted.clear()
  }

  #add(entry: NewEntry, count: number): void {
    const entered = { ...entry, time: Date.now(), count }
    this.#waiting.push(entered)
    for (const hear of this.#listeners) hear(entered)
    while (this.#waiting.length > mostWaiting) {
      this.#waiting.shift()
      this.#lost++
    }
    this.#write()
  }

  /** One write at a time; what comes meanwhile is the next one. */
  #write(): void {
    if (this.#writing || this.#retry || this.#waiting.length === 0) return
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const [entries, lost] = [this.#waiting, this.#lost]
      this.#waiting = []
      this.#lost = 0
      try {
        const all = [...lossOf(lost, entries), ...entries]
        const ids = await this.#store.append(all, keptNow())
        const stored = all.flatMap((entry, at) =>
          ids[at] === undefined ? [] : { ...entry, ...this.#place, id: ids[at] },
        )
        for (const hear of this.#followers) hear(stored)
      } catch (error) {
        this.#keepFor(entries, lost)
        this.#warn(`what operators do is not in the audit yet: ${(error as Error).message}`)
        this.#retry = setTimeout(() => {
          this.#retry = undefined
          this.#write()
        }, this.#pause).unref()
        return
      }
    }
  }

  /** They could not be stored, and stand before those that came meanwhile. */
  #keepFor(entries: readonly Omit<AuditEntry, 'id'>[], lost: number): void {
    const all = [...entries, ...this.#waiting]
    const tooMany = Math.max(0, all.length - mostWaiting)
    this.#waiting = all.slice(tooMany)
    this.#lost += lost + tooMany
  }
}

function keptNow(): AuditKept {
  return { since: Date.now() - keptTime, bytes: keptBytes }
}

/** Tells of entries that were lost before these. */
function lossOf(lost: number, [next]: readonly Omit<AuditEntry, 'id'>[]): Omit<AuditEntry, 'id'>[] {
  if (lost === 0 || next === undefined) return []
  const entry = { by: null, role: 'anyone', from: 'proxyd', action: 'audit.lost', given: {}, outcome: 'ok' } as const
  return [{ ...entry, time: next.time, count: lost }]
}
