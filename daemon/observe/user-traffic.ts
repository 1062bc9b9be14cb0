import type { SessionTable } from '../engine/session-table.ts'
import { maxUsers } from '../engine/session-table.ts'

/** What each user has moved, by index, all loops together. */
export class UserTraffic {
  readonly #sessions: readonly Int32Array[]
  readonly #up: readonly Float64Array[]
  readonly #down: readonly Float64Array[]
  readonly #ended: readonly Float64Array[]
  /** What had been moved under an index before its owner got it. */
  readonly #upBefore = new Float64Array(maxUsers)
  readonly #downBefore = new Float64Array(maxUsers)

  constructor(tables: readonly SessionTable[]) {
    this.#sessions = tables.map((table) => table.userSessions)
    this.#up = tables.map((table) => table.userUp)
    this.#down = tables.map((table) => table.userDown)
    this.#ended = tables.map((table) => table.userEnded)
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

  /** Connections under an index that have ended, whoever owned it: this only grows. */
  ended(index: number): number {
    return sum(this.#ended, index)
  }

  /** Bytes both ways under an index before its owner got it. */
  movedBefore(index: number): number {
    return this.#upBefore[index] + this.#downBefore[index]
  }
}

/** What somebody has moved since the last look, and the live connections now. */
export interface Activity {
  readonly index: number
  readonly connections: number
  readonly up: number
  readonly down: number
}

/** Looks at what each user has moved, again and again. No byte is missed between two looks, and none counts twice. */
export class UserPeriods {
  readonly #traffic: UserTraffic
  /** By user index: bytes moved up to the last look. */
  readonly #up = new Float64Array(maxUsers)
  readonly #down = new Float64Array(maxUsers)

  constructor(traffic: UserTraffic) {
    this.#traffic = traffic
  }

  /** Those who have moved something since the last look, or have connections; no index is above `highestIndex`. */
  active(highestIndex: number): Activity[] {
    const active: Activity[] = []
    for (let index = 0; index <= highestIndex; index++) {
      const up = this.#traffic.up(index) - this.#up[index]
      const down = this.#traffic.down(index) - this.#down[index]
      const connections = this.#traffic.connections(index)
      if (up > 0 || down > 0 || connections > 0) active.push({ index, connections, up, down })
    }
    return active
  }

  /** Takes what `active` told as looked at. */
  end(active: readonly Activity[]): void {
    for (const { index, up, down } of active) {
      this.#up[index] += up
      this.#down[index] += down
    }
  }

  /** Whether the index's owner had moved anything by the last look. */
  hadMoved(index: number): boolean {
    return this.#up[index] + this.#down[index] > this.#traffic.movedBefore(index)
  }
}

function sum(columns: readonly (Int32Array | Float64Array)[], index: number): number {
  let total = 0
  for (const column of columns) total += column[index]
  return total
}
