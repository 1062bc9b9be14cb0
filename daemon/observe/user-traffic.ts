import type { SessionTable } from '../engine/session-table.ts'
import { maxUsers } from '../engine/session-table.ts'

/** What each user has moved, by index, all loops together. */
export class UserTraffic {
  readonly #sessions: readonly Int32Array[]
  readonly #up: readonly Float64Array[]
  readonly #down: readonly Float64Array[]
  /** What had been moved under an index before its owner got it. */
  readonly #upBefore = new Float64Array(maxUsers)
  readonly #downBefore = new Float64Array(maxUsers)

  constructor(tables: readonly SessionTable[]) {
    this.#sessions = tables.map((table) => table.userSessions)
    this.#up = tables.map((table) => table.userUp)
    this.#down = tables.map((table) => table.userDown)
  }

  /** Starts an index from nothing, for its next owner. Nobody has a session under it. */
  begin(index: number): void {
    this.#upBefore[index] = sum(this.#up, index)
    this.#downBefore[index] = sum(this.#down, index)
  }

  /** Live connections of the index's owner, and bytes moved since the owner got it. */
  of(index: number): { connections: number; up: number; down: number } {
    return {
      connections: this.connections(index),
      up: sum(this.#up, index) - this.#upBefore[index],
      down: sum(this.#down, index) - this.#downBefore[index],
    }
  }

  /** Live connections. */
  connections(index: number): number {
    return sum(this.#sessions, index)
  }

  /** Bytes from clients under an index, whoever owned it: this only grows. */
  up(index: number): number {
    return sum(this.#up, index)
  }

  /** Bytes to clients under an index, whoever owned it: this only grows. */
  down(index: number): number {
    return sum(this.#down, index)
  }

  /** Bytes both ways under an index before its owner got it. */
  movedBefore(index: number): number {
    return this.#upBefore[index] + this.#downBefore[index]
  }
}

function sum(columns: readonly (Int32Array | Float64Array)[], index: number): number {
  let total = 0
  for (const column of columns) total += column[index]
  return total
}
