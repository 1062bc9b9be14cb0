import type { LogEntry } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/index.ts'
import type { Store } from '../store/store.ts'

/** Entries asked for at the start: the most that the daemon gives. */
const history = 1000

interface Watched {
  readonly client: Client
  readonly level: LogEntry['level']
}

/** Follows the daemon's log while its page is shown, from the level on that was chosen there. */
export class LogWatch {
  readonly #store: Store
  readonly #failed: (error: unknown) => void
  #watched: Watched | null = null
  #stopListening = () => {}
  /** One change of what is followed after the other. */
  #turn: Promise<void> = Promise.resolve()

  /** `failed` hears of refusals and lost connections. */
  constructor(store: Store, failed: (error: unknown) => void) {
    this.#store = store
    this.#failed = failed
  }

  /** Follow what the page wants now, by `client`; null if there is none, or if it may not. */
  settle(client: Client | null): void {
    const { page, log } = this.#store.state
    const wanted = client && page === 'log' ? { client, level: log.level } : null
    const before = this.#watched
    if (before?.client === wanted?.client && before?.level === wanted?.level) return
    this.#watched = wanted
    this.#turn = this.#turn.then(() => this.#change(before, wanted)).catch(this.#failed)
  }

  async #change(before: Watched | null, wanted: Watched | null): Promise<void> {
    this.#stopListening()
    this.#stopListening = () => {}
    // Of another connection than the present one nothing comes any longer.
    if (before && (!wanted || before.client === wanted.client)) await this.#leave(before.client)
    if (wanted && wanted === this.#watched) await this.#begin(wanted)
  }

  async #leave(client: Client): Promise<void> {
    // If the connection has ended, nothing is left to be stopped.
    await client.call('log.unsubscribe', {}).catch(() => {})
  }

  async #begin({ client, level }: Watched): Promise<void> {
    // What comes right behind the reply is heard before it is awaited.
    const early: LogEntry[] = []
    let begun = false
    this.#stopListening = client.on('log.entries', ({ entries, lost }) => {
      if (begun) this.#store.feed({ type: 'logEntries', entries, lost })
      else early.push(...entries)
    })
    const { entries } = await client.call('log.subscribe', { level, history })
    this.#store.feed({ type: 'logBegun', entries: [...entries, ...early] })
    begun = true
  }
}
