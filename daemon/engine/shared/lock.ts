/** A word is 0 while nobody holds it, else twice the holder's number, and one more while others may sleep for it. */
const free = 0
const contended = 1

/**
 * Lets one thread at a time at something in shared memory, for a microsecond or so: who finds it held sleeps until it is
 * free. A word of 32 bits, 0 in the beginning (futex(2) has the like).
 */
export class Lock {
  readonly #words: Int32Array
  readonly #at: number
  readonly #held: number

  /** `holder`: which thread this is, from 1 on. */
  constructor(words: Int32Array, at: number, holder: number) {
    this.#words = words
    this.#at = at
    this.#held = 2 * holder
  }

  /** What `act` gives, which must not wait for anything. */
  with<Value>(act: () => Value): Value {
    this.take()
    try {
      return act()
    } finally {
      this.release()
    }
  }

  /** As `with`, for what is done for each connection: no closure, but the caller sees to it that `release` is called. */
  take(): void {
    if (Atomics.compareExchange(this.#words, this.#at, free, this.#held) !== free) this.#wait()
  }

  /** A thread may have died while it held the lock: if so, others go on. */
  releaseFor(holder: number): void {
    if (Atomics.load(this.#words, this.#at) >> 1 === holder) this.release()
  }

  release(): void {
    if (Atomics.exchange(this.#words, this.#at, free) & contended) Atomics.notify(this.#words, this.#at, 1)
  }

  #wait(): void {
    for (;;) {
      const word = Atomics.load(this.#words, this.#at)
      if (word === free) {
        // Whether others still sleep nobody knows, so the next to release it wakes one.
        if (Atomics.compareExchange(this.#words, this.#at, free, this.#held | contended) === free) return
      } else if (word & contended || Atomics.compareExchange(this.#words, this.#at, word, word | contended) === word) {
        Atomics.wait(this.#words, this.#at, word | contended)
      }
    }
  }
}
