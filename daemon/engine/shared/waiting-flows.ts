import type { Payer } from './budget.ts'

/**
 * Flows that wait for one bucket's credit, and whose turn it is. Those that have little to say and those that have much take
 * turns with each other, and among either the users, or the sources without a login: nobody waits longer because somebody
 * else has many connections, however little goes through each.
 */
export class WaitingFlows<Flow> {
  readonly #light = new Line<Flow>()
  readonly #heavy = new Line<Flow>()
  #isTurnOfLight = true

  get size(): number {
    return this.#light.size + this.#heavy.size
  }

  add(flow: Flow, payer: Payer, isLight: boolean): void {
    const line = isLight ? this.#light : this.#heavy
    line.add(flow, holderOf(payer))
  }

  delete(flow: Flow, payer: Payer): void {
    for (const line of [this.#light, this.#heavy]) line.delete(flow, holderOf(payer))
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
    return [...this.#light.all, ...this.#heavy.all]
  }

  get #isLightNext(): boolean {
    return this.#light.size > 0 && (this.#isTurnOfLight || this.#heavy.size === 0)
  }
}

/** The holders one after the other, and of each the flow that came first. */
class Line<Flow> {
  readonly #holders = new Map<number, Set<Flow>>()
  size = 0

  add(flow: Flow, holder: number): void {
    const flows = this.#holders.get(holder) ?? new Set<Flow>()
    this.#holders.set(holder, flows.add(flow))
    this.size++
  }

  delete(flow: Flow, holder: number): void {
    const flows = this.#holders.get(holder)
    if (!flows?.delete(flow)) return
    this.size--
    if (flows.size === 0) this.#holders.delete(holder)
  }

  get all(): Flow[] {
    return [...this.#holders.values()].flatMap((flows) => [...flows])
  }

  get first(): Flow | undefined {
    for (const flows of this.#holders.values()) for (const flow of flows) return flow
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
