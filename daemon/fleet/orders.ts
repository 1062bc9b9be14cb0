import { setTimeout as pass } from 'node:timers/promises'
import { counted } from '../../shared/format/count.ts'
import type { FleetStore, StoredAnswer, StoredOrder } from '../store/store.ts'

/** Milliseconds between two looks for orders, and the part of them by which each is earlier or later. */
const usualPeriod = 1_000
const jitter = 0.2
/** Milliseconds between two looks for answers, and until they are waited for no longer. */
const usualAnswerPeriod = 150
const usualPatience = 5_000

/** Who gave the order need not wait. */
const cannotRead: StoredAnswer = {
  refusal: { kind: 'invalid_params', message: 'that node cannot read what it is to do' },
}

/** An order but for whom it goes to. */
export type Wish = Pick<StoredOrder, 'by' | 'role' | 'method' | 'params'>

export interface OrdersOptions {
  readonly store: Pick<FleetStore, 'order' | 'takeOrders' | 'answer' | 'answers' | 'withdraw'>
  /** Does here what another node wants. Never rejects. */
  readonly carryOut: (order: StoredOrder) => Promise<StoredAnswer>
  readonly warn: (message: string) => void
  /** Whether the store answered lately: one that does not is asked by others. */
  readonly isUp: () => boolean
  /** Milliseconds. */
  readonly period?: number
  readonly answerPeriod?: number
  readonly patience?: number
}

/** What nodes do for each other by way of the store, which each of them reaches. */
export class Orders {
  readonly #options: OrdersOptions
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isClosed = false

  constructor(options: OrdersOptions) {
    this.#options = options
  }

  start(): void {
    this.#isClosed = false
    this.#wait()
  }

  /** Resolves when none is being carried out. */
  async stop(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#looking
  }

  /**
   * Has these nodes do something; resolves to what each has answered, undefined for those that have not within five seconds, or nothing
   * that can be read; what they have not begun by then they do not do later. Rejects with a StoreError if they do not hear of it.
   */
  async give(nodes: readonly string[], wish: Wish): Promise<Map<string, StoredAnswer | undefined>> {
    if (nodes.length === 0) return new Map()
    const { store, answerPeriod = usualAnswerPeriod, patience = usualPatience } = this.#options
    const ids = await store.order(nodes.map((to) => ({ ...wish, to })))
    const answers = new Map<number, StoredAnswer | undefined>()
    const end = performance.now() + patience
    while (answers.size < ids.length && performance.now() < end) {
      await pass(answerPeriod)
      const missing = ids.filter((id) => !answers.has(id))
      for (const [id, answer] of await store.answers(missing)) answers.set(id, answer)
    }
    const unheard = ids.filter((id) => !answers.has(id))
    if (unheard.length > 0) await store.withdraw(unheard)
    return new Map(nodes.map((node, at) => [node, answers.get(ids[at] as number)]))
  }

  #wait(): void {
    if (this.#isClosed) return
    const { period = usualPeriod } = this.#options
    const wait = period * (1 - jitter + 2 * jitter * Math.random())
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => this.#wait())
    }, wait).unref()
  }

  /** Those of one look at once: to cut somebody here does not wait for what another wants. */
  async #look(): Promise<void> {
    const { store, carryOut, isUp, warn } = this.#options
    if (!isUp()) return
    const orders = await store.takeOrders().catch(() => [])
    const unreadable = orders.filter(({ from }) => from === undefined).length
    if (unreadable > 0)
      warn(`${counted(unreadable, 'order')} of other nodes cannot be read, and nothing is done for that`)
    const unheard: string[] = []
    await Promise.all(
      orders.map(async (order) => {
        const answer = order.from === undefined ? cannotRead : await carryOut(order)
        await store.answer(order.id, answer).catch((error: Error) => {
          if (order.from === undefined) return
          unheard.push(`${order.method} is done for node ${order.from}, which does not hear of it: ${error.message}`)
        })
      }),
    )
    const [first] = unheard
    if (first !== undefined) warn(unheard.length > 1 ? `${first}; and ${unheard.length - 1} more like it` : first)
  }
}
