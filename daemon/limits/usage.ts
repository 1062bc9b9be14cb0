import { randomInt } from 'node:crypto'
import type { Account } from '../access/accounts.ts'
import {
  noLogin,
  others,
  type StoredUsage,
  type UsageBatch,
  type UsageStore,
  usageCells,
  usageWidth,
} from '../store/store.ts'

/** What users have moved. */
export interface Moved {
  /** Since their index is theirs; this only grows. */
  of(index: number): { readonly up: number; readonly down: number }
  /** Under an index in this run, whoever owned it: bytes, and connections that have ended. They only grow. */
  up(index: number): number
  down(index: number): number
  ended(index: number): number
}

/** A `UsageBatch` of another process. */
export type OtherBatch = Pick<UsageBatch, 'run' | 'number'> & { readonly rows: readonly number[] }

/** What a user, by id, has moved in all runs, and from where on it counts, which a process of an older version does not tell. */
export type UsageTotal = Omit<StoredUsage, 'mark' | 'marked'> & Partial<Pick<StoredUsage, 'mark' | 'marked'>>

const mostIndices = 65_536
/** Instead of the moment of a mark. */
const notStored = -1
const nothing: Moved = { of: () => ({ up: 0, down: 0 }), up: () => 0, down: () => 0, ended: () => 0 }

/**
 * What users have moved in all runs of the daemon, and since the mark that the present cycle of their quota set. Counters
 * only grow: a reset is a mark, so nothing is lost by it and nothing counts twice.
 */
export class Usage {
  #moved: Moved = nothing
  readonly #store: UsageStore
  /** By index: the owner's id; 0: nobody has had it. */
  readonly #ids = new Float64Array(mostIndices)
  /** By index: bytes of the runs before. */
  readonly #upBefore = new Float64Array(mostIndices)
  readonly #downBefore = new Float64Array(mostIndices)
  readonly #mark = new Float64Array(mostIndices)
  readonly #marked = new Float64Array(mostIndices)
  /** What was stored last: the mark, and what this run had moved, whoever owned the index. */
  readonly #storedMarked = new Float64Array(mostIndices)
  readonly #storedUp = new Float64Array(mostIndices)
  readonly #storedDown = new Float64Array(mostIndices)
  readonly #storedEnded = new Float64Array(mostIndices)
  /** What the owners before moved after the last batch. */
  readonly #othersMore = { up: 0, down: 0, ended: 0 }
  readonly #run = randomInt(2 ** 47)
  #batches = 0
  /** Given to the store, which has not said that it has it: it may have. */
  #unconfirmed: UsageBatch | undefined
  /** By run of another process: its last batch that counts here. */
  readonly #added = new Map<number, number>()
  #highestIndex = 0

  constructor(store: UsageStore) {
    this.#store = store
  }

  /** Before it, nothing moves in this run. */
  follow(moved: Moved): void {
    this.#moved = moved
  }

  /** Goes on from where the run before stood. */
  load(accounts: readonly Pick<Account, 'id' | 'index'>[], stored: readonly StoredUsage[]): void {
    const byId = new Map(stored.map((usage) => [usage.user, usage]))
    for (const { id, index } of accounts) {
      this.#own(index, id)
      const usage = id === undefined ? undefined : byId.get(id)
      if (!usage) continue
      this.adopt(index, usage)
      this.#storedMarked[index] = usage.marked
    }
  }

  /** Of a user who comes from elsewhere: what they have moved there counts, too. */
  adopt(index: number, { up, down, mark, marked }: Omit<StoredUsage, 'user'>): void {
    this.#upBefore[index] = up
    this.#downBefore[index] = down
    this.#mark[index] = mark
    this.#marked[index] = marked
    this.#storedMarked[index] = notStored
  }

  /** What is kept of a user; undefined: they have moved nothing yet. */
  of({ id, index }: Account): Omit<StoredUsage, 'user'> | undefined {
    if (id === undefined) return undefined
    const { up, down } = this.#moved.of(index)
    const [mark, marked] = [this.#mark[index], this.#marked[index]]
    const usage = { up: this.#upBefore[index] + up, down: this.#downBefore[index] + down, mark, marked }
    return usage.up + usage.down + marked === 0 ? undefined : usage
  }

  /**
   * What all these users have moved, in this process and elsewhere, as of the last batch, which is counted there. A mark that was set
   * here, too, did not know of what had been moved there by then.
   */
  correct(totals: readonly UsageTotal[]): void {
    const byId = new Map(totals.map((total) => [total.user, total]))
    for (let index = 1; index <= this.#highestIndex; index++) {
      const total = byId.get(this.#ids[index])
      if (!total) continue
      const { up, down } = this.#moved.of(index)
      const now = this.#now(index)
      this.#upBefore[index] = total.up - (up - (now.up - this.#storedUp[index]))
      this.#downBefore[index] = total.down - (down - (now.down - this.#storedDown[index]))
      const { mark = this.#mark[index], marked = this.#marked[index] } = total
      this.#mark[index] = mark
      this.#marked[index] = marked
      this.#storedMarked[index] = marked
    }
  }

  /** What another process has moved for the same users, each batch once. Returns what these have moved everywhere. */
  add({ run, number, rows }: OtherBatch): UsageTotal[] {
    const isNew = number > (this.#added.get(run) ?? 0)
    if (isNew) this.#added.set(run, number)
    const totals: UsageTotal[] = []
    const indices = new Map([[noLogin, 0]])
    for (let index = 1; index <= this.#highestIndex; index++) indices.set(this.#ids[index], index)
    // Those who are not stored have nothing in common but that.
    indices.delete(others)
    for (let at = 0; at < rows.length; at += usageWidth) {
      const [up, down, ended] = [usageCells.moreUp, usageCells.moreDown, usageCells.moreConnections].map(
        (cell) => rows[at + cell] as number,
      )
      const user = rows[at + usageCells.user] as number
      const index = indices.get(user)
      if (isNew) this.#addTo(index, { up, down, ended })
      if (!index) continue
      const moved = this.#moved.of(index)
      const total = { up: this.#upBefore[index] + moved.up, down: this.#downBefore[index] + moved.down }
      totals.push({ user, ...total, mark: this.#mark[index], marked: this.#marked[index] })
    }
    return totals
  }

  #addTo(index: number | undefined, { up, down, ended }: More): void {
    if (index === undefined) {
      const more = this.#othersMore
      Object.assign(more, { up: more.up + up, down: more.down + down, ended: more.ended + ended })
      return
    }
    this.#upBefore[index] += up
    this.#downBefore[index] += down
    this.#storedUp[index] -= up
    this.#storedDown[index] -= down
    this.#storedEnded[index] -= ended
  }

  /** Starts an index from nothing, for its next owner. */
  begin({ id, index }: Account): void {
    const more = this.#othersMore
    const { up, down, ended } = this.#now(index)
    more.up += up - this.#storedUp[index]
    more.down += down - this.#storedDown[index]
    more.ended += ended - this.#storedEnded[index]
    this.#stored(index, { up, down, ended })
    for (const column of [this.#upBefore, this.#downBefore, this.#mark, this.#marked, this.#storedMarked])
      column[index] = 0
    this.#own(index, id)
  }

  /** Bytes both ways, in all runs. */
  total(index: number): number {
    const { up, down } = this.#moved.of(index)
    return this.#upBefore[index] + this.#downBefore[index] + up + down
  }

  /** Bytes both ways under an index in this run, whoever owned it, and how many of them are given to the store. */
  moved(index: number): number {
    return this.#moved.up(index) + this.#moved.down(index)
  }

  given(index: number): number {
    return this.#storedUp[index] + this.#storedDown[index]
  }

  /** Whether all that there is to store of the owner is given to the store. */
  isGiven(index: number): boolean {
    const { up, down, ended } = this.#now(index)
    const isMoved =
      up !== this.#storedUp[index] || down !== this.#storedDown[index] || ended !== this.#storedEnded[index]
    return !isMoved && this.#marked[index] === this.#storedMarked[index]
  }

  /**
   * What the store knows of the owner, whom others serve too. Until the last batch is confirmed it is not known whether that
   * is in it: then it waits for the next time.
   */
  agree(index: number, { up, down, mark, marked }: Omit<StoredUsage, 'user'>): void {
    if (this.#unconfirmed) return
    const [now, own] = [this.#now(index), this.#moved.of(index)]
    this.#upBefore[index] = up + now.up - this.#storedUp[index] - own.up
    this.#downBefore[index] = down + now.down - this.#storedDown[index] - own.down
    if (marked < this.#marked[index]) return
    this.#mark[index] = mark
    this.#marked[index] = marked
    this.#storedMarked[index] = marked
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

  /**
   * Stores what has changed since the last time, as of `time`, in milliseconds since 1970. Rejects with a StoreError, and
   * then the next time stores it.
   */
  async save(time: number): Promise<void> {
    if (this.#unconfirmed) await this.#confirm(this.#unconfirmed)
    const rows = this.#changed('given')
    if (rows.length === 0) return
    const batch = { run: this.#run, number: ++this.#batches, time: Math.round(time), rows }
    this.#unconfirmed = batch
    await this.#confirm(batch)
  }

  /** Whether a batch is given to the store that has not said that it has it. */
  get isUnconfirmed(): boolean {
    return this.#unconfirmed !== undefined
  }

  /**
   * What the store may not have yet, as of `time`: the batch that is given to it, and one with what has changed since. The next batch
   * that `save` gives has its number, and all that is in it.
   */
  unstored(time: number): UsageBatch[] {
    const rows = this.#changed('seen')
    const next = { run: this.#run, number: this.#batches + 1, time: Math.round(time), rows }
    return [...(this.#unconfirmed ? [this.#unconfirmed] : []), ...(rows.length > 0 ? [next] : [])]
  }

  async #confirm(batch: UsageBatch): Promise<void> {
    await this.#store.save(batch)
    if (this.#unconfirmed === batch) this.#unconfirmed = undefined
  }

  /** What there is to store; if it is given, it counts as stored from now on. */
  #changed(becomes: 'given' | 'seen'): Float64Array {
    const isGiven = becomes === 'given'
    const rows = new Float64Array((this.#highestIndex + 2) * usageWidth)
    let length = 0
    for (let index = 0; index <= this.#highestIndex; index++) {
      const now = this.#now(index)
      const more = {
        up: now.up - this.#storedUp[index],
        down: now.down - this.#storedDown[index],
        ended: now.ended - this.#storedEnded[index],
      }
      const isMarked = this.#marked[index] !== this.#storedMarked[index]
      if (more.up === 0 && more.down === 0 && more.ended === 0 && !isMarked) continue
      const { up, down } = this.#moved.of(index)
      rows[length + usageCells.user] = index === 0 ? noLogin : this.#ids[index]
      rows[length + usageCells.up] = this.#upBefore[index] + up
      rows[length + usageCells.down] = this.#downBefore[index] + down
      rows[length + usageCells.mark] = this.#mark[index]
      rows[length + usageCells.marked] = this.#marked[index]
      setMore(rows, length, more)
      length += usageWidth
      if (!isGiven) continue
      this.#storedMarked[index] = this.#marked[index]
      this.#stored(index, now)
    }
    const more = this.#othersMore
    if (more.up + more.down + more.ended > 0) {
      rows[length + usageCells.user] = others
      setMore(rows, length, more)
      length += usageWidth
      if (isGiven) Object.assign(more, { up: 0, down: 0, ended: 0 })
    }
    return rows.slice(0, length)
  }

  #own(index: number, id: number | undefined): void {
    this.#ids[index] = id ?? others
    this.#highestIndex = Math.max(this.#highestIndex, index)
  }

  /** What this run has moved under an index. */
  #now(index: number): More {
    return { up: this.#moved.up(index), down: this.#moved.down(index), ended: this.#moved.ended(index) }
  }

  #stored(index: number, { up, down, ended }: More): void {
    this.#storedUp[index] = up
    this.#storedDown[index] = down
    this.#storedEnded[index] = ended
  }
}

interface More {
  readonly up: number
  readonly down: number
  readonly ended: number
}

function setMore(rows: Float64Array, at: number, { up, down, ended }: More): void {
  rows[at + usageCells.moreUp] = up
  rows[at + usageCells.moreDown] = down
  rows[at + usageCells.moreConnections] = ended
}
