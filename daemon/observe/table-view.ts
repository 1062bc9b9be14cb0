import type { Connection } from '../../shared/protocol/methods.ts'
import type { SessionTable } from '../engine/session-table.ts'
import { type Naming, pacedByOf, readLive } from './session-rows.ts'

/** What has become of the live connections since the last look. No id is in two of the lists. */
export interface TableChange {
  /** New rows, and rows of which more than the byte counts changed. */
  readonly changed: readonly Connection[]
  /** [id, up, down] of rows that only moved bytes. */
  readonly moved: readonly [string, number, number][]
  /** Ids of rows that are gone. */
  readonly closed: readonly string[]
  /** How many sessions came and went without being seen in between. */
  readonly missed: number
}

/** A change that is being gathered. */
export interface Changes extends TableChange {
  readonly changed: Connection[]
  readonly moved: [id: string, up: number, down: number][]
  readonly closed: string[]
  missed: number
}

/** No row is read under an odd guard. */
const unread = -1

/**
 * The live rows of one table as they were last seen. Beside each it keeps the guard that it was read under: a row that has
 * only moved bytes, as most have, has the same one, which costs a comparison and no text.
 */
export class TableView {
  readonly #table: SessionTable
  readonly #naming: Naming
  /** By slot. */
  readonly #rows: (Connection | undefined)[] = []
  readonly #guard: Int32Array
  /** Sessions that had ended when the last look began. */
  #ended: number
  /** How many of those since the first look were not told of as closed; less than 0: more have been. */
  #untold = 0

  constructor(table: SessionTable, naming: Naming) {
    this.#table = table
    this.#naming = naming
    this.#guard = new Int32Array(table.capacity)
    this.#ended = table.endings.count
  }

  /** The rows in use, by slot. */
  get rows(): Connection[] {
    return this.#rows.filter((row) => row !== undefined)
  }

  /** Finds every row changed at the next look. */
  forget(): void {
    this.#guard.fill(unread)
  }

  /** Looks at the table again, and adds what is different to `changes`. */
  refresh(changes: Changes): void {
    const { capacity, guard, endings } = this.#table
    const ended = endings.count
    const toldBefore = changes.closed.length
    for (let slot = 0; slot < capacity; slot++) {
      const row = this.#rows[slot]
      if (guard[slot] !== this.#guard[slot] || (row && pacedByOf(this.#table, slot) !== row.paced))
        this.#replace(slot, row, changes)
      else if (row !== undefined) this.#move(slot, row, changes)
    }
    // Who had ended before this look, and was ever seen, is found gone by now: all others are not told of any more.
    this.#untold -= changes.closed.length - toldBefore
    if (this.#untold > 0) {
      changes.missed += this.#untold
      this.#untold = 0
    }
    this.#untold += (ended - this.#ended) | 0
    this.#ended = ended
  }

  #move(slot: number, row: Connection, changes: Changes): void {
    const up = this.#table.up[slot]
    const down = this.#table.down[slot]
    if (up === row.up && down === row.down) return
    // Counts of the slot's next owner are none of this row's: the next look finds that one.
    if (Atomics.add(this.#table.guard, slot, 0) !== this.#guard[slot]) return
    this.#rows[slot] = { ...row, up, down }
    changes.moved.push([row.id, up, down])
  }

  #replace(slot: number, before: Connection | undefined, changes: Changes): void {
    const { value: row, guard } = readLive(this.#table, slot, this.#naming)
    this.#guard[slot] = guard
    this.#rows[slot] = row
    if (before !== undefined && before.id !== row?.id) changes.closed.push(before.id)
    if (row !== undefined) changes.changed.push(row)
  }
}
