import type { Connection } from '../../shared/protocol/methods.ts'
import type { SessionTable } from '../engine/session-table.ts'
import { type Naming, readRow } from './read-row.ts'

/** What has changed in a view, as its watchers hear it; see `TableChange`. */
export interface Changes {
  readonly changed: Connection[]
  readonly moved: [id: string, up: number, down: number][]
  readonly closed: string[]
}

/**
 * The rows of one table as they were last seen. Beside each row it keeps the numbers from which the row was made, so
 * that a row which has only moved bytes, as most have, costs a few comparisons and no text.
 */
export class TableView {
  readonly #table: SessionTable
  readonly #naming: Naming
  /** By slot. */
  readonly #rows: (Connection | undefined)[] = []
  readonly #serial: Float64Array
  readonly #state: Uint8Array
  readonly #user: Uint16Array
  /** The dialled address as four words a slot, and the table's own. */
  readonly #address: Uint32Array
  readonly #tableAddress: Uint32Array

  constructor(table: SessionTable, naming: Naming) {
    const { capacity, targetAddress } = table
    this.#table = table
    this.#naming = naming
    this.#serial = new Float64Array(capacity)
    this.#state = new Uint8Array(capacity)
    this.#user = new Uint16Array(capacity)
    this.#address = new Uint32Array(4 * capacity)
    this.#tableAddress = new Uint32Array(targetAddress.buffer, targetAddress.byteOffset, 4 * capacity)
  }

  /** The rows in use, by slot. */
  get rows(): Connection[] {
    return this.#rows.filter((row) => row !== undefined)
  }

  /** Looks at the table again, and adds what is different to `changes`. */
  refresh(changes: Changes): void {
    const { capacity, serial } = this.#table
    for (let slot = 0; slot < capacity; slot++) {
      // Most slots are free; the numbers tell that quickest.
      if (serial[slot] === 0 && this.#serial[slot] === 0) continue
      const row = this.#rows[slot]
      if (row !== undefined && this.#isSame(slot)) this.#move(slot, row, changes)
      else this.#replace(slot, row, changes)
    }
  }

  /** Whether nothing but byte counts can be different. What a client asks for shows in the state. */
  #isSame(slot: number): boolean {
    const { serial, state, user } = this.#table
    if (serial[slot] !== this.#serial[slot]) return false
    if (state[slot] !== this.#state[slot] || user[slot] !== this.#user[slot]) return false
    for (let i = 4 * slot; i < 4 * slot + 4; i++) if (this.#tableAddress[i] !== this.#address[i]) return false
    return true
  }

  #move(slot: number, row: Connection, changes: Changes): void {
    const { serial } = this.#table
    const up = this.#table.up[slot]
    const down = this.#table.down[slot]
    // Counts of the slot's next owner are none of this row's.
    if ((up === row.up && down === row.down) || serial[slot] !== this.#serial[slot]) return
    this.#rows[slot] = { ...row, up, down }
    changes.moved.push([row.id, up, down])
  }

  #replace(slot: number, before: Connection | undefined, changes: Changes): void {
    // The numbers first: if they change while the row is read, the next look finds it different.
    this.#note(slot)
    const row = readRow(this.#table, slot, this.#naming)
    this.#rows[slot] = row
    if (before !== undefined && before.id !== row?.id) changes.closed.push(before.id)
    if (row !== undefined) changes.changed.push(row)
  }

  #note(slot: number): void {
    this.#serial[slot] = this.#table.serial[slot]
    this.#state[slot] = this.#table.state[slot]
    this.#user[slot] = this.#table.user[slot]
    for (let i = 4 * slot; i < 4 * slot + 4; i++) this.#address[i] = this.#tableAddress[i]
  }
}
