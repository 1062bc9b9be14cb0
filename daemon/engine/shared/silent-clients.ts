import { SourceQueues } from './source-queues.ts'

/** As long as clients wait for a place, it is looked so often, in milliseconds, whether others should make room. */
export const roomInterval = 250

/** A client that has been silent for less, in milliseconds, may just be on its way. */
export const grace = 1_000

/** A client that has a place, and has not asked for anything yet. */
export interface SilentClient {
  /** Clients of one source count together; see `sourceOf`. */
  readonly source: string
  /** When it came, in milliseconds of a clock that only goes forward. */
  readonly since: number
}

/**
 * Who gives up a place when there is none left and others wait: a quarter of those who have said nothing for a while, of
 * each source those who came first, and most of the source that has most of them. Whoever opens connections and says
 * nothing keeps nobody out but itself.
 */
export function toMakeRoom<Client extends SilentClient>(clients: readonly Client[], now: number): Client[] {
  const silent = clients.filter(({ since }) => now - since >= grace).sort((one, other) => one.since - other.since)
  const queues = new SourceQueues<Client>()
  for (const client of silent) queues.add(client.source, client)
  return Array.from({ length: Math.ceil(silent.length / 4) }, () => queues.drop() as Client)
}
