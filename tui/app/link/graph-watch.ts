import { RpcError } from '../../../shared/protocol/errors.ts'
import type { Sample } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/index.ts'
import { type GraphWish, isSame } from '../state/graph.ts'
import type { DataEvent } from '../state/state.ts'

/** Asks for the past of the graph that is shown; from then on the samples tell how it goes on. */
export class GraphWatch {
  readonly #feed: (event: DataEvent) => void
  readonly #gone: (wish: GraphWish) => void
  readonly #failed: (error: unknown) => void
  #client: Client | null = null
  #wish: GraphWish | null = null
  /** The daemon had too much to do to answer. */
  #isOwed = false
  /** A sample has named the user whose graph it is: what they had moved by the first one no sample tells. */
  #isNamed = false

  /** `gone` hears that there is no such user; `failed` of other refusals and of lost connections. */
  constructor(feed: (event: DataEvent) => void, gone: (wish: GraphWish) => void, failed: (error: unknown) => void) {
    this.#feed = feed
    this.#gone = gone
    this.#failed = failed
  }

  /** This graph is shown from now on, and `client`, whose samples are followed, knows it; null: nobody does. */
  settle(client: Client | null, wish: GraphWish): void {
    const isOther = client !== this.#client || this.#wish === null || !isSame(wish, this.#wish)
    if (!isOther) return
    this.#client = client
    this.#wish = wish
    this.#isNamed = false
    if (client) this.#ask(client, wish)
  }

  /** Another second has passed for the daemon of `client`. */
  sampled(client: Client, { users }: Sample): void {
    if (client !== this.#client || !this.#wish) return
    const { whose } = this.#wish
    const isFirst = !this.#isNamed && whose !== null && users.some(({ name }) => name === whose.user)
    this.#isNamed ||= isFirst
    if (isFirst || this.#isOwed) this.#ask(client, this.#wish)
  }

  async #ask(client: Client, wish: GraphWish): Promise<void> {
    this.#isOwed = false
    try {
      const { range, whose } = wish
      const history = await client.call('metrics.history', { range, ...whose })
      // What an earlier connection tells may be of an earlier start of the daemon.
      if (client === this.#client) this.#feed({ type: 'history', wish, history })
    } catch (error) {
      this.#judge(error, client, wish)
    }
  }

  /** A daemon that has too much to do is asked again with a later sample, and nobody is told. */
  #judge(error: unknown, client: Client, wish: GraphWish): void {
    const kind = error instanceof RpcError ? error.kind : null
    const isShown = client === this.#client && this.#wish !== null && isSame(wish, this.#wish)
    if (kind === 'busy' || kind === 'rate_limited') this.#isOwed ||= isShown
    else if (kind !== 'not_found') this.#failed(error)
    else if (isShown) this.#gone(wish)
  }
}
