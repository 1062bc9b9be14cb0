import { type Payer, Shares } from './shares.ts'

/** Somebody who waits for a place. */
interface Wait {
  readonly payer: Payer
  readonly enter: () => void
}

/**
 * Places of the streams to one server. They are shared out by user and source as lookups are: a server is as slow with a name as those
 * are whom it asks itself, and names that a client has chosen for that keep only its own others waiting.
 */
export class StreamPlaces {
  readonly #shares: Shares
  /** In the order in which they came. */
  readonly #waiting = new Set<Wait>()

  /** `most`: streams at once. */
  constructor(most: number) {
    this.#shares = new Shares(most)
  }

  /** Resolves once there is a place on this account; give it back by `leave`. */
  enter(payer: Payer): Promise<void> {
    const { promise, resolve: enter } = Promise.withResolvers<void>()
    this.#waiting.add({ payer, enter })
    this.#letIn()
    return promise
  }

  /** Give a place back. */
  leave(payer: Payer): void {
    this.#shares.give(payer)
    this.#letIn()
  }

  #letIn(): void {
    for (const wait of this.#waiting) {
      if (!this.#shares.hasRoomFor(wait.payer)) continue
      this.#shares.take(wait.payer)
      this.#waiting.delete(wait)
      wait.enter()
    }
  }
}
