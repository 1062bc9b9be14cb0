import { Reason, State } from '../session-table.ts'
import { notAllowed } from '../shared/refusals.ts'
import { reviewedAtOnce } from '../shared/verdicts.ts'
import type { LoopContext } from './context.ts'
import type { Dispatch } from './dispatch.ts'

/** Judges all live sessions anew when the rules have changed, some in each turn, and ends those that they deny. */
export class Review {
  readonly #loop: LoopContext
  readonly #dispatch: Dispatch
  /** The orders that wait for its end. */
  #tickets: number[] = []
  /** The sessions that are still to be judged; undefined if there are none. */
  #slots: Generator<number> | undefined
  #ended: number[] = []

  constructor(loop: LoopContext, dispatch: Dispatch) {
    this.#loop = loop
    this.#dispatch = dispatch
  }

  get busy(): boolean {
    return this.#slots !== undefined
  }

  /** Judge all from the first one on, by rules that have just changed. */
  begin(ticket: number): void {
    this.#tickets.push(ticket)
    this.#slots = this.#loop.sessions.slots()
  }

  /** Judge some; calls `confirm` for each order that is carried out by it, with the serials of the sessions that ended. */
  takeTurn(confirm: (ticket: number, serials: readonly number[]) => void): void {
    for (let judged = 0; this.#slots && judged < reviewedAtOnce; judged++) {
      const { value: slot, done } = this.#slots.next()
      if (!done) this.#judge(slot)
      else this.#slots = undefined
    }
    if (this.#slots) return
    // The sessions that ended are told of once.
    for (const ticket of this.#tickets.splice(0)) confirm(ticket, this.#ended.splice(0))
  }

  #judge(slot: number): void {
    const { sessions, verdicts, refusals } = this.#loop
    const { state, serial } = sessions.table
    if (state[slot] === State.negotiating || state[slot] === State.closing) return
    if (verdicts.stands(slot)) return this.#dispatch.onRules(slot)
    this.#ended.push(serial[slot] as number)
    if (state[slot] === State.open) return sessions.reset(slot, Reason.revoked)
    this.#dispatch.forget(slot)
    refusals.fail(slot, notAllowed)
  }
}
