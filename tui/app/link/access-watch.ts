import { accessFields } from '../../../shared/filter/access-fields.ts'
import { compileFilter } from '../../../shared/filter/filter.ts'
import { RpcError } from '../../../shared/protocol/errors.ts'
import type { Client } from '../../client/index.ts'
import type { ListState } from '../state/lists.ts'
import type { DataEvent } from '../state/state.ts'

/** Entries from before that are looked for, and pages that this may take: some 100,000 lines of the daemon's files. */
const wanted = 500
const mostPages = 10

interface Watched {
  readonly client: Client
  readonly filter: string
}

/** Follows a daemon's access log while it is shown: all of it, or what a filter wants. */
export class AccessWatch {
  readonly #feed: (event: DataEvent) => void
  readonly #failed: (error: unknown) => void
  #watched: Watched | null = null
  /** The filter as it stood last. */
  #filter = ''
  #stopListening = () => {}
  /** One change of what is followed after the other. */
  #turn: Promise<void> = Promise.resolve()

  /** `failed` hears of refusals and lost connections. */
  constructor(feed: (event: DataEvent) => void, failed: (error: unknown) => void) {
    this.#feed = feed
    this.#failed = failed
  }

  /**
   * Follow it by `client`; null: not any longer. While a filter is typed it looks among the entries that are here; once it
   * stands it is asked of the daemon, which has more. What that would not take for one is for us to sort out.
   */
  settle(client: Client | null, list: Pick<ListState, 'filter' | 'typing'>): void {
    if (list.typing === null)
      this.#filter = compileFilter({ fields: accessFields }, list.filter).problem === null ? list.filter : ''
    const filter = this.#filter
    const before = this.#watched
    if (before?.client === client && (client === null || before?.filter === filter)) return
    const watched = client && { client, filter }
    this.#watched = watched
    this.#turn = this.#turn.then(() => this.#change(before, watched)).catch(this.#failed)
  }

  async #change(before: Watched | null, watched: Watched | null): Promise<void> {
    this.#stopListening()
    this.#stopListening = () => {}
    // Of another connection than the present one nothing comes any longer.
    if (before && !watched) await before.client.call('access.unsubscribe', {}).catch(() => {})
    if (!watched || watched !== this.#watched) return
    try {
      await this.#begin(watched)
    } catch (error) {
      // It takes no regular expressions.
      if (!(error instanceof RpcError) || error.kind !== 'invalid_params' || watched.filter === '') throw error
      await this.#begin({ ...watched, filter: '' })
    }
  }

  async #begin({ client, filter }: Watched): Promise<void> {
    this.#feed({ type: 'accessBegun' })
    this.#stopListening = client.on('access.entries', (told) => this.#feed({ type: 'accessEntries', ...told }))
    await client.call('access.subscribe', { filter })
    void this.#lookBack(client, filter).catch(this.#failed)
  }

  /** What was before, as far as it is found soon. */
  async #lookBack(client: Client, filter: string): Promise<void> {
    const watched = this.#watched
    let cursor: string | undefined
    let left = wanted
    for (let pages = 0; pages < mostPages && left > 0; pages++) {
      const { entries, next } = await client.call('access.list', {
        filter,
        limit: left,
        ...(cursor !== undefined && { cursor }),
      })
      if (watched !== this.#watched) return
      this.#feed({ type: 'accessFound', entries })
      left -= entries.length
      cursor = next
      if (cursor === undefined) return
    }
  }
}
