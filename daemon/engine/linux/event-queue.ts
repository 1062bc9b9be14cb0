import { firstExtraKey } from './extras.ts'

/** Ends the list. */
const none = -1

/**
 * Events that wait, first come first served. Each half and each extra waits in it once: what else comes of it meanwhile
 * is merged into what waits, so that a client who sends a byte at a time takes no more turns than one who sends all at
 * once. An event costs a few writes and no allocation.
 */
export class EventQueue {
  readonly #halves: number
  // By place: a half's is its number, an extra's comes behind them by its descriptor.
  /** What has come; 0 if it does not wait. */
  #events: Uint32Array
  #generations: Uint32Array
  /** The place that waits behind it. */
  #next: Int32Array
  #first = none
  #last = none

  /** Halves are the keys below `halves`, extras those from `firstExtraKey` on. */
  constructor(halves: number) {
    this.#halves = halves
    this.#events = new Uint32Array(halves)
    this.#generations = new Uint32Array(halves)
    this.#next = new Int32Array(halves)
  }

  get isEmpty(): boolean {
    return this.#first === none
  }

  /** `events` are not 0. Those of a former generation that still wait are forgotten. */
  add(key: number, generation: number, events: number): void {
    const place = key < firstExtraKey ? key : this.#halves + key - firstExtraKey
    if (place >= this.#events.length) this.#makeRoom(place)
    const waiting = this.#events[place]
    this.#events[place] = this.#generations[place] === generation ? waiting | events : events
    this.#generations[place] = generation
    if (waiting !== 0) return
    this.#next[place] = none
    if (this.#first === none) this.#first = place
    else this.#next[this.#last] = place
    this.#last = place
  }

  /** Hand out the first `most`, or all if there are fewer. More may be added meanwhile. */
  take(most: number, serve: (key: number, generation: number, events: number) => void): void {
    for (let taken = 0; taken < most && this.#first !== none; taken++) {
      const place = this.#first
      const events = this.#events[place]
      this.#events[place] = 0
      this.#first = this.#next[place]
      const key = place < this.#halves ? place : place - this.#halves + firstExtraKey
      serve(key, this.#generations[place], events)
    }
  }

  /** Descriptors are numbered from the lowest on (dup(2)), so this is soon over. */
  #makeRoom(place: number): void {
    const length = 2 ** Math.ceil(Math.log2(place + 1))
    const grown = <T extends Uint32Array | Int32Array>(longer: T, column: T): T => {
      longer.set(column)
      return longer
    }
    this.#events = grown(new Uint32Array(length), this.#events)
    this.#generations = grown(new Uint32Array(length), this.#generations)
    this.#next = grown(new Int32Array(length), this.#next)
  }
}
