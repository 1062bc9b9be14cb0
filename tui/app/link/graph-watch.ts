import { RpcError } from '../../../shared/protocol/errors.ts'
import type { Client } from '../../client/index.ts'
import { type GraphWish, isSame, rangeLengths } from '../store/graph.ts'
import type { DataEvent } from '../store/state.ts'

/** Samples from one question to the next where a step of the graph is longer. */
const samplesBetween = 4

/** Asks for the graph that is shown: at once, and whenever samples tell that there is more of it. */
export class GraphWatch {
  readonly #feed: (event: DataEvent) => void
  readonly #gone: (wish: GraphWish) => void
  readonly #failed: (error: unknown) => void
  #client: Client | null = null
  #wish: GraphWish | null = null
  /** The question under way; a slow daemon is not asked more than it answers. */
  #asked: GraphWish | null = null
  #samples = 0
  /** The daemon does not answer this, such as one that is older: it is not asked again. */
  #isRefused = false

  /** `gone` hears that there is no such user; `failed` of other refusals and of lost connections. */
  constructor(feed: (event: DataEvent) => void, gone: (wish: GraphWish) => void, failed: (error: unknown) => void) {
    this.#feed = feed
    this.#gone = gone
    this.#failed = failed
  }

  /** This graph is shown from now on, and `client` knows it; null: none is. */
  settle(client: Client | null, wish: GraphWish): void {
    const isOther = client !== this.#client || this.#wish === null || !isSame(wish, this.#wish)
    this.#client = client
    this.#wish = wish
    if (isOther) this.#isRefused = false
    if (client && isOther) this.#ask(client, wish)
  }

  /** Another second has passed for the daemon. */
  sampled(): void {
    this.#samples += 1
    if (!this.#client || !this.#wish || this.#isRefused) return
    const due = rangeLengths[this.#wish.range] > rangeLengths['1m'] ? samplesBetween : 1
    const isAsked = this.#asked !== null && isSame(this.#asked, this.#wish)
    if (this.#samples >= due && !isAsked) this.#ask(this.#client, this.#wish)
  }

  async #ask(client: Client, wish: GraphWish): Promise<void> {
    this.#asked = wish
    this.#samples = 0
    try {
      const { range, whose } = wish
      const history = await client.call('metrics.history', { range, ...whose })
      // What an earlier connection tells may be of an earlier start of the daemon.
      if (client === this.#client) this.#feed({ type: 'history', wish, history })
    } catch (error) {
      this.#judge(error, client, wish)
    } finally {
      if (this.#asked === wish) this.#asked = null
    }
  }

  /** A daemon that has too much to do is asked again with a later sample, and nobody is told. */
  #judge(error: unknown, client: Client, wish: GraphWish): void {
    const kind = error instanceof RpcError ? error.kind : null
    if (kind === 'busy' || kind === 'rate_limited') return
    const isShown = client === this.#client && this.#wish !== null && isSame(wish, this.#wish)
    if (kind === 'not_found') {
      if (isShown) this.#gone(wish)
      return
    }
    if (isShown) this.#isRefused = true
    this.#failed(error)
  }
}
