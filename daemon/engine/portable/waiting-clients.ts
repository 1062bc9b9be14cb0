import { SourceQueues } from '../shared/source-queues.ts'

/** Of so many turns one is for sources that nobody has logged in from, however many others wait. */
const turns = 4

/**
 * Clients who wait for a place: of four that become free three are for sources that somebody has logged in from lately (see
 * `KnownSources`), and among these, as among the others, the sources have turns. So whoever floods it keeps nobody waiting
 * but itself.
 */
export class WaitingClients<Client> {
  readonly #known = new SourceQueues<Client>()
  readonly #unknown = new SourceQueues<Client>()
  #turn = 0

  get length(): number {
    return this.#known.length + this.#unknown.length
  }

  /** `source`: see `sourceOf`. */
  add(source: string, isKnown: boolean, client: Client): void {
    const queues = isKnown ? this.#known : this.#unknown
    queues.add(source, client)
  }

  /** Takes the one whose turn it is; undefined if nobody waits. */
  take(): Client | undefined {
    this.#turn = (this.#turn + 1) % turns
    return this.#turn === 0
      ? (this.#unknown.take() ?? this.#known.take())
      : (this.#known.take() ?? this.#unknown.take())
  }

  /** Takes the one who has to leave if they are too many: who came first, of the source that has most. */
  drop(): Client | undefined {
    return this.#known.longest > this.#unknown.longest ? this.#known.drop() : this.#unknown.drop()
  }
}
