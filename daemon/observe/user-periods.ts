import { maxUsers } from '../engine/session-table.ts'
import type { UserTraffic } from './user-traffic.ts'

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
