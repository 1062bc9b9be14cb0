import type { Client } from '../../client/index.ts'
import type { DataEvent } from '../state/state.ts'

/** Events from before that are asked for: the most that the daemon gives. */
const history = 500

/** Follows what happens at a daemon while it is shown. */
export class EventWatch {
  readonly #feed: (event: DataEvent) => void
  readonly #failed: (error: unknown) => void
  #client: Client | null = null
  #stopListening = () => {}
  /** One change of what is followed after the other. */
  #turn: Promise<void> = Promise.resolve()

  /** `failed` hears of refusals and lost connections. */
  constructor(feed: (event: DataEvent) => void, failed: (error: unknown) => void) {
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
    if (before && !client) await before.call('events.unsubscribe', {}).catch(() => {})
    if (!client || client !== this.#client) return
    const told = Promise.withResolvers<void>()
    this.#stopListening = client.on('events.entries', ({ events, missed }) => {
      // What comes right behind the reply is heard before it is awaited.
      void told.promise.then(() => this.#feed({ type: 'events', entries: events, missed }))
    })
    const { events } = await client.call('events.subscribe', { history })
    this.#feed({ type: 'eventsBegun', entries: events })
    told.resolve()
  }
}
