import type { LimitLines } from '../shared/limit-lines.ts'
import { Places, type Room } from '../shared/places.ts'
import { Quotas } from '../shared/quotas.ts'
import type { SourceLines } from '../shared/source-lines.ts'

/** Milliseconds between two looks at which sources users have left for long. */
const sweepInterval = 1000

/** What the sessions of an engine use of what their users and sources may have. */
export class Uses {
  readonly places: Places
  readonly #lines: LimitLines
  readonly #quotas: Quotas
  readonly #usedUp: () => void
  readonly #timer: NodeJS.Timeout

  /** `usedUp`: the quota of some user has just been used up. To be closed. */
  constructor(capacity: number, room: Room, lines: LimitLines, sources: SourceLines, usedUp: () => void) {
    this.places = new Places(capacity, room, lines, sources)
    this.#lines = lines
    this.#quotas = new Quotas(lines)
    this.#usedUp = usedUp
    this.#timer = setInterval(() => this.places.sweep(performance.now()), sweepInterval).unref()
  }

  /** A user has moved so many bytes. */
  spend(user: number, bytes: number): void {
    if (!this.#lines.hasQuota(user)) return
    this.#quotas.spend(user, bytes)
    if (this.#quotas.wasUsedUp()) this.#usedUp()
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
