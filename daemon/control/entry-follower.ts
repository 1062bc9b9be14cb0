import type { Limits } from '../../shared/protocol/limits.ts'
import { newestThatFit } from '../../shared/protocol/message.ts'
import type { Outlet, Subscription } from './session.ts'

/** Pushes entries to a client, from the reply on. Of what could not be sent the newest stay, and the rest is counted. */
export class EntryFollower<Entry extends { readonly id: string | number }> {
  readonly #outlet: Outlet
  readonly #limits: Limits
  readonly #lineOf: (entries: Entry[], missed: number) => string
  #waiting: Entry[] = []
  #missed = 0
  #hasBegun = false

  constructor(outlet: Outlet, limits: Limits, lineOf: (entries: Entry[], missed: number) => string) {
    this.#outlet = outlet
    this.#limits = limits
    this.#lineOf = lineOf
  }

  following(stop: () => void): Subscription {
    return { pump: () => this.#pump(), stop }
  }

  /** The reply is on its way, and tells of these. */
  begin(told: readonly Entry[]): void {
    const ids = new Set(told.map(({ id }) => id))
    this.#waiting = this.#waiting.filter(({ id }) => !ids.has(id))
    this.#hasBegun = true
  }

  readonly take = (entries: readonly Entry[], missed = 0): void => {
    this.#missed += missed
    this.#waiting.push(...entries)
    this.#forget(this.#waiting.length - this.#limits.unsentLog)
    this.#pump()
  }

  #pump(): void {
    while (this.#hasBegun && this.#outlet.ready && this.#waiting.length + this.#missed > 0) {
      const page = this.#waiting.slice(0, this.#limits.page)
      const entries = newestThatFit(page, this.#limits.line)
      this.#waiting = this.#waiting.slice(page.length)
      this.#missed += page.length - entries.length
      this.#outlet.send(this.#lineOf(entries, this.#missed))
      this.#missed = 0
    }
  }

  #forget(count: number): void {
    if (count <= 0) return
    this.#waiting = this.#waiting.slice(count)
    this.#missed += count
  }
}
