import type { Client } from '../../client/index.ts'

/** Entries from before that are asked for: the most that the daemon gives. */
const history = 500

/** What the daemon tells of entry by entry, and who hears of it. */
export interface EntryFeed<Entry> {
  /** Resolves to the last `history` entries, oldest first. */
  begin(client: Client, history: number): Promise<readonly Entry[]>
  end(client: Client): Promise<unknown>
  /** Hear what comes, until the returned function is called. */
  listen(client: Client, hear: (entries: readonly Entry[], missed: number) => void): () => void
  begun(entries: readonly Entry[]): void
  more(entries: readonly Entry[], missed: number): void
}

/** Follows what happens at a daemon, or what operators do there, while it is shown. */
export class EntryWatch<Entry> {
  readonly #feed: EntryFeed<Entry>
  readonly #failed: (error: unknown) => void
  #client: Client | null = null
  #stopListening = () => {}
  /** One change of what is followed after the other. */
  #turn: Promise<void> = Promise.resolve()

  /** `failed` hears of refusals and lost connections. */
  constructor(feed: EntryFeed<Entry>, failed: (error: unknown) => void) {
    this.#feed = feed
    this.#failed = failed
  }

  /** Follow it by `client`; null: not any longer. */
  settle(client: Client | null): void {
    const before = this.#client
    if (before === client) return
    this.#client = client
    this.#turn = this.#turn.then(() => this.#change(before, client)).catch(this.#failed)
  }

  async #change(before: Client | null, client: Client | null): Promise<void> {
    this.#stopListening()
    this.#stopListening = () => {}
    // Of another connection than the present one nothing comes any longer.
    if (before && !client) await this.#feed.end(before).catch(() => {})
    if (!client || client !== this.#client) return
    // What comes right behind the reply is heard before it is awaited.
    let early: readonly Entry[] | null = []
    let earlyMissed = 0
    this.#stopListening = this.#feed.listen(client, (entries, missed) => {
      if (!early) return this.#feed.more(entries, missed)
      early = [...early, ...entries].slice(-history)
      earlyMissed += missed
    })
    this.#feed.begun(await this.#feed.begin(client, history))
    if (early.length > 0 || earlyMissed > 0) this.#feed.more(early, earlyMissed)
    early = null
  }
}
