/** Free, held, and held while others may sleep for it. */
const [free, held, contended] = [0, 1, 2] as const

/**
 * Lets one thread at a time at something in shared memory, for a microsecond or so: who finds it held sleeps until it is
 * free. A word of 32 bits, 0 in the beginning (futex(2) has the like).
 */
export class Lock {
  readonly #words: Int32Array
  readonly #at: number

  constructor(words: Int32Array, at: number) {
    this.#words = words
    this.#at = at
  }

  /** What `act` gives, which must not wait for anything. */
  with<Value>(act: () => Value): Value {
    this.#take()
    try {
      return act()
    } finally {
      if (Atomics.exchange(this.#words, this.#at, free) === contended) Atomics.notify(this.#words, this.#at, 1)
    }
  }

  #take(): void {
    if (Atomics.compareExchange(this.#words, this.#at, free, held) === free) return
    while (Atomics.exchange(this.#words, this.#at, contended) !== free) Atomics.wait(this.#words, this.#at, contended)
  }
}
