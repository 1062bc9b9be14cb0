import type { Payer } from './budget.ts'
import { FlowHeap, type WaitingFlow } from './flow-heap.ts'

/**
 * Flows that wait for one bucket's credit, and whose turn it is. Those that have little to say and those that have much take
 * turns with each other, and among either the users, or the sources without a login: nobody waits longer because somebody
 * else has many connections, however little goes through each. Of one's flows the one goes first that has moved least
 * lately, so that all move the same, also those that have only a little at a time.
 */
export class WaitingFlows<Flow> {
  readonly #light = new Line<Flow>()
  readonly #heavy = new Line<Flow>()
  readonly #places = new Map<Flow, Place<Flow>>()
  #isTurnOfLight = true

  get size(): number {
    return this.#places.size
  }

  /** `moved`: bytes, as `movedLately` has it, at `now`. */
  add(flow: Flow, payer: Payer, { isLight, moved, now }: { isLight: boolean; moved: number; now: number }): void {
    const line = isLight ? this.#light : this.#heavy
    const holder = holderOf(payer)
    this.#places.set(flow, { line, holder, waiting: line.flowsOf(holder).add(flow, moved, now) })
  }

  delete(flow: Flow): void {
    const place = this.#places.get(flow)
    if (!place) return
    this.#places.delete(flow)
    place.line.delete(place.holder, place.waiting)
  }

  /** Whose turn it is; undefined if nobody waits. */
  get first(): Flow | undefined {
    return this.#isLightNext ? this.#light.first : this.#heavy.first
  }

  /** The first one has had its turn, and is about to leave: the next is another holder's, and of the other kind. */
  passOn(): void {
    const isLight = this.#isLightNext
    const line = isLight ? this.#light : this.#heavy
    line.passOn()
    this.#isTurnOfLight = !isLight
  }

  /** All that wait. */
  get all(): Flow[] {
    return [...this.#places.keys()]
  }

  get #isLightNext(): boolean {
    return !this.#light.isEmpty && (this.#isTurnOfLight || this.#heavy.isEmpty)
  }
}

/** Where a flow waits. */
interface Place<Flow> {
  readonly line: Line<Flow>
  readonly holder: number
  readonly waiting: WaitingFlow<Flow>
}

/** The holders one after the other. */
class Line<Flow> {
  readonly #holders = new Map<number, FlowHeap<Flow>>()

  get isEmpty(): boolean {
    return this.#holders.size === 0
  }

  /** To be added to at once. */
  flowsOf(holder: number): FlowHeap<Flow> {
    const flows = this.#holders.get(holder) ?? new FlowHeap<Flow>()
    this.#holders.set(holder, flows)
    return flows
  }

  delete(holder: number, waiting: WaitingFlow<Flow>): void {
    const flows = this.#holders.get(holder)
    flows?.delete(waiting)
    if (flows?.size === 0) this.#holders.delete(holder)
  }

  get first(): Flow | undefined {
    for (const flows of this.#holders.values()) return flows.first
    return undefined
  }

  passOn(): void {
    const [first] = this.#holders
    if (!first) return
    this.#holders.delete(first[0])
    this.#holders.set(...first)
  }
}

/** Users have numbers above 0. */
function holderOf({ user, source }: Payer): number {
  return user > 0 ? user : -1 - source
}
