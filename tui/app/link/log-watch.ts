import type { LogEntry } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/index.ts'
import type { DataEvent } from '../state/state.ts'

/** Entries asked for at the start: the most that the daemon gives. */
const history = 1000

interface Watched {
  readonly client: Client
  readonly level: LogEntry['level']
}

/** Follows a daemon's log while its page is shown, from the level on that was chosen there. */
export class LogWatch {
  readonly #feed: (event: DataEvent) => void
  readonly #failed: (error: unknown) => void
  #watched: Watched | null = null
  #stopListening = () => {}
  /** One change of what is followed after the other. */
  #turn: Promise<void> = Promise.resolve()

  /** `failed` hears of refusals and lost connections. */
  constructor(feed: (event: DataEvent) => void, failed: (error: unknown) => void) {
    this.#feed = feed
    this.#failed = failed
  }

  /** Follow it by `client` from this level on; null: not any longer. */
  settle(client: Client | null, level: LogEntry['level']): void {
    const wanted = client && { client, level }
    const before = this.#watched
    if (before?.client === wanted?.client && before?.level === wanted?.level) return
    this.#watched = wanted
    this.#turn = this.#turn.then(() => this.#change(before, wanted)).catch(this.#failed)
  }

  /** Do something that follows the log by the same connection: what is followed here rests meanwhile. */
  aside<T>(deed: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      const watched = this.#watched
      if (watched) await this.#change(watched, null)
      try {
        return await deed()
      } finally {
        if (watched && watched === this.#watched) await this.#begin(watched).catch(this.#failed)
      }
    })
    this.#turn = done.then(
      () => {},
      () => {},
    )
    return done
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
    let early: readonly LogEntry[] = []
    let begun = false
    this.#stopListening = client.on('log.entries', ({ entries, lost }) => {
      if (begun) this.#feed({ type: 'logEntries', entries, lost })
      else early = [...early, ...entries].slice(-history)
    })
    const { entries } = await client.call('log.subscribe', { level, history })
    this.#feed({ type: 'logBegun', entries: [...entries, ...early] })
    begun = true
  }
}
