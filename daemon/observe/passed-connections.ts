import type { ClosedConnection } from '../../shared/protocol/methods.ts'
import type { SessionTable } from '../engine/session-table.ts'
import { type Naming, readEnded } from './session-rows.ts'

/** Rows in one look: four looks a second of so many cost a few milliseconds, and more than that nobody reads. */
const mostTold = 250

/** Connections that came and went between two looks. */
export interface Passed {
  readonly rows: ClosedConnection[]
  /** How many more did, of which nothing is told. */
  readonly missed: number
}

/** The sessions of all tables that have ended without ever being seen among the live ones. */
export class PassedConnections {
  readonly #tables: readonly SessionTable[]
  readonly #naming: Naming
  /** By table: how many sessions had ended before those that are still to be told. */
  readonly #told: number[]
  /** By table: how many have ended before the look that goes on. */
  #ended: number[]
  /** Ids that were seen live and are gone, whose ended rows are still to come: since the look before, and since this one. */
  #goneBefore = new Set<string>()
  #gone = new Set<string>()

  constructor(tables: readonly SessionTable[], naming: Naming) {
    this.#tables = tables
    this.#naming = naming
    this.#told = tables.map(({ endings }) => endings.count)
    this.#ended = this.#told.slice()
  }

  /**
   * A look at the live rows begins. Who has ended by now and was ever seen is found gone by that look, or was by the one
   * before: after it, all others are known not to have been seen.
   */
  beginLook(): void {
    this.#ended = this.#tables.map(({ endings }) => endings.count)
  }

  /** The look is over, and has found these ids gone. */
  endLook(closed: readonly string[]): Passed {
    this.#goneBefore = this.#gone
    this.#gone = new Set(closed)
    const rows: ClosedConnection[] = []
    let missed = 0
    for (const [i, table] of this.#tables.entries()) {
      let room = mostTold - rows.length
      const read = (row: number) => {
        const id = this.#naming.idOf(table.serial[row])
        if (this.#gone.has(id) || this.#goneBefore.has(id)) return id
        return room-- > 0 ? readEnded(table, row, this.#naming) : undefined
      }
      const { values, lost } = table.endings.drain(this.#told[i], this.#ended[i], read)
      missed += lost
      for (const value of values) {
        if (value === undefined) missed++
        else if (typeof value === 'string') this.#forget(value)
        else rows.push(value)
      }
      this.#told[i] = this.#ended[i]
    }
    // Who was gone before and has not come by now is among those that were written over, and was seen.
    return { rows, missed: missed - this.#goneBefore.size }
  }

  #forget(id: string): void {
    if (!this.#gone.delete(id)) this.#goneBefore.delete(id)
  }
}
