import { maxUsers } from '../session-table.ts'
import type { LimitLines } from './limit-lines.ts'

/** What one loop's sessions use of their users' quotas. */
export class Quotas {
  readonly #lines: LimitLines
  /** By user: bytes that are not taken from the quota yet, which counts KiB. */
  readonly #bytes = new Uint16Array(maxUsers)
  #seen: number

  constructor(lines: LimitLines) {
    this.#lines = lines
    this.#seen = lines.usedUp
  }

  /** A user who has a quota has moved so many bytes. */
  spend(user: number, count: number): void {
    const bytes = this.#bytes[user] + count
    this.#bytes[user] = bytes % 1024
    if (bytes >= 1024) this.#lines.spend(user, Math.floor(bytes / 1024))
  }

  /** Whether any user's quota was used up, in whatever loop, since it was asked last: sessions are to be looked at then. */
  wasUsedUp(): boolean {
    const seen = this.#seen
    this.#seen = this.#lines.usedUp
    return this.#seen !== seen
  }
}
