import type { CallOptions, Client, TableListener } from '../../client/index.ts'

type Follow<Row, Change> = (client: Client, listener: TableListener<Row, Change>, options: CallOptions) => Promise<void>

/** Follows a daemon's connections, or its users, while it is the one that is shown. */
export class TableWatch<Row, Change> {
  readonly #follow: Follow<Row, Change>
  readonly #listener: TableListener<Row, Change>
  #client: Client | null = null
  #stop = new AbortController()

  /** `listener.failed` hears of refusals and lost connections. */
  constructor(follow: Follow<Row, Change>, listener: TableListener<Row, Change>) {
    this.#follow = follow
    this.#listener = listener
  }

  /** Follow it by `client` from now on; null: not any longer. */
  settle(client: Client | null): void {
    if (client === this.#client) return
    this.#stop.abort()
    this.#client = client
    if (!client) return
    this.#stop = new AbortController()
    const { signal } = this.#stop
    this.#follow(client, this.#listener, { signal }).catch((error) => this.#listener.failed(error))
  }
}
