import type { StoredUsage, UsageStore } from '../store/store.ts'
import type { Account } from './accounts.ts'

/** What users have moved since their index is theirs; this only grows. */
export interface Moved {
  of(index: number): { readonly up: number; readonly down: number }
}

const mostIndices = 65_536

/**
 * What users have moved in all runs of the daemon, and since the mark that the present cycle of their quota set. Counters
 * only grow: a reset is a mark, so nothing is lost by it and nothing counts twice.
 */
export class Usage {
  #moved: Moved = { of: () => ({ up: 0, down: 0 }) }
  readonly #store: UsageStore
  /** By index: bytes of the runs before. */
  readonly #upBefore = new Float64Array(mostIndices)
  readonly #downBefore = new Float64Array(mostIndices)
  readonly #mark = new Float64Array(mostIndices)
  readonly #marked = new Float64Array(mostIndices)
  /** What was stored last, of which a sum tells whether it has changed. */
  readonly #stored = new Float64Array(mostIndices)

  constructor(store: UsageStore) {
    this.#store = store
  }

  /** Before it, nothing moves in this run. */
  follow(moved: Moved): void {
    this.#moved = moved
  }

  /** Goes on from where the run before stood. */
  load(accounts: readonly Account[], stored: readonly StoredUsage[]): void {
    const byId = new Map(stored.map((usage) => [usage.user, usage]))
    for (const { id, index } of accounts) {
      const usage = id === undefined ? undefined : byId.get(id)
      if (!usage) continue
      this.adopt(index, usage)
      this.#stored[index] = sumOf(usage)
    }
  }

  /** Of a user who comes from elsewhere: what they have moved there counts, too. */
  adopt(index: number, { up, down, mark, marked }: Omit<StoredUsage, 'user'>): void {
    this.#upBefore[index] = up
    this.#downBefore[index] = down
    this.#mark[index] = mark
    this.#marked[index] = marked
  }

  /** What is kept of a user; undefined: they have moved nothing yet. */
  of({ id, index }: Account): Omit<StoredUsage, 'user'> | undefined {
    if (id === undefined) return undefined
    const { user: _, ...usage } = this.#usageOf(id, index)
    return sumOf({ user: id, ...usage }) === 0 ? undefined : usage
  }

  /** Starts an index from nothing, for its next owner. */
  begin(index: number): void {
    for (const column of [this.#upBefore, this.#downBefore, this.#mark, this.#marked, this.#stored]) column[index] = 0
  }

  /** Bytes both ways, in all runs. */
  total(index: number): number {
    const { up, down } = this.#moved.of(index)
    return this.#upBefore[index] + this.#downBefore[index] + up + down
  }

  /** Bytes both ways since the mark. */
  used(index: number): number {
    return this.total(index) - this.#mark[index]
  }

  /** When the mark was set; 0: never. */
  marked(index: number): number {
    return this.#marked[index]
  }

  /** From now on nothing is used yet. */
  mark(index: number, now: number): void {
    this.#mark[index] = this.total(index)
    this.#marked[index] = now
  }

  /** Stores what has changed since the last time. Rejects with a StoreError, and then the next time stores it. */
  async save(accounts: readonly Account[]): Promise<void> {
    const changed: { readonly index: number; readonly usage: StoredUsage }[] = []
    for (const { id, index } of accounts) {
      if (id === undefined) continue
      const usage = this.#usageOf(id, index)
      if (sumOf(usage) !== this.#stored[index]) changed.push({ index, usage })
    }
    if (changed.length === 0) return
    await this.#store.save(changed.map(({ usage }) => usage))
    for (const { index, usage } of changed) this.#stored[index] = sumOf(usage)
  }

  #usageOf(user: number, index: number): StoredUsage {
    const { up, down } = this.#moved.of(index)
    return {
      user,
      up: this.#upBefore[index] + up,
      down: this.#downBefore[index] + down,
      mark: this.#mark[index],
      marked: this.#marked[index],
    }
  }
}

function sumOf({ up, down, marked }: StoredUsage): number {
  return up + down + marked
}
