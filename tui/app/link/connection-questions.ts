import { RpcError } from '../../../shared/protocol/errors.ts'
import type { Client } from '../../client/index.ts'
import type { DataEvent } from '../state/state.ts'

/** What is to be asked about connections, beside the live table. */
export interface Wanted {
  /** All about the one with this id. */
  readonly id: string | null
  /** How many of those that ended last; 0: none. */
  readonly closed: number
}

/** Milliseconds between two questions. */
const pace = 1000

/** Asks the daemon about connections while somebody wants to know: at once, then every second. */
export class ConnectionQuestions {
  readonly #feed: (event: DataEvent) => void
  readonly #failed: (error: unknown) => void
  #client: Client | null = null
  #wanted: Wanted = { id: null, closed: 0 }
  #timer: NodeJS.Timeout | undefined
  /** Grows with each change of what is asked; an answer to an earlier question is dropped. */
  #round = 0

  /** `failed` hears of refusals and lost connections. */
  constructor(feed: (event: DataEvent) => void, failed: (error: unknown) => void) {
    this.#feed = feed
    this.#failed = failed
  }

  /** Ask `client` for this from now on; null: nobody. */
  settle(client: Client | null, wanted: Wanted): void {
    const { id, closed } = this.#wanted
    if (client === this.#client && wanted.id === id && wanted.closed === closed) return
    this.#client = client
    this.#wanted = wanted
    this.#round += 1
    clearTimeout(this.#timer)
    if (client && (wanted.id !== null || wanted.closed > 0)) void this.#ask(client, wanted, this.#round)
  }

  async #ask(client: Client, { id, closed }: Wanted, round: number): Promise<void> {
    try {
      if (id !== null) {
        const details = await this.#details(client, id)
        if (round === this.#round) this.#feed({ type: 'details', id, details, at: Date.now() })
      }
      if (closed > 0) {
        const { connections } = await client.call('connections.closed', { limit: closed })
        if (round === this.#round) this.#feed({ type: 'told', told: { closed: connections } })
      }
    } catch (error) {
      // Who was refused once would be refused each second.
      return this.#failed(error)
    }
    if (round !== this.#round) return
    this.#timer = setTimeout(() => void this.#ask(client, { id, closed }, round), pace)
  }

  async #details(client: Client, id: string) {
    try {
      return await client.call('connections.get', { id })
    } catch (error) {
      if (error instanceof RpcError && error.kind === 'not_found') return null
      throw error
    }
  }
}
