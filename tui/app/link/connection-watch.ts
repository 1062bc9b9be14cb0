import { type Client, followConnections } from '../../client/index.ts'
import type { DataEvent } from '../store/state.ts'

/** Follows a daemon's connections while it is the one that is shown. */
export class ConnectionWatch {
  readonly #feed: (event: DataEvent) => void
  readonly #failed: (error: unknown) => void
  #client: Client | null = null
  #stop = new AbortController()

  /** `failed` hears of refusals and lost connections. */
  constructor(feed: (event: DataEvent) => void, failed: (error: unknown) => void) {
    this.#feed = feed
    this.#failed = failed
  }

  /** Follow them by `client` from now on; null: not any longer. */
  settle(client: Client | null): void {
    if (client === this.#client) return
    this.#stop.abort()
    this.#client = client
    if (!client) return
    this.#stop = new AbortController()
    followConnections(
      client,
      {
        snapshot: (rows) => this.#feed({ type: 'snapshot', rows, at: Date.now() }),
        failed: this.#failed,
        changed: (changes) => this.#feed({ type: 'changed', changes, at: Date.now() }),
      },
      { signal: this.#stop.signal },
    ).catch(this.#failed)
  }
}
