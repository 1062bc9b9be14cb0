/** Bytes that all answers may take: an address, a name's letter, and what a name takes beside them, each rounded up. */
const mostBytes = 4 * 1024 * 1024
const addressBytes = 160
const letterBytes = 2
const entryBytes = 200
/** What is not good any more goes within so many milliseconds, asked for or not. */
const sweepInterval = 10_000

interface Answer<Address> {
  readonly addresses: readonly Address[]
  /** When it is not good any more. */
  readonly until: number
}

/**
 * Addresses of names that were asked for a moment ago, or that there are none, each for as long as it is good. If it is
 * too much, what was learnt first goes first. Times are milliseconds of a clock that only goes forward.
 */
export class NameCache<Address> {
  readonly #answers = new Map<string, Answer<Address>>()
  #bytes = 0
  #sweepAt = Number.POSITIVE_INFINITY

  /** When `sweep` has something to do; infinite if nothing is remembered. */
  get sweepAt(): number {
    return this.#sweepAt
  }

  recall(name: string, now: number): Answer<Address> | undefined {
    const answer = this.#answers.get(name)
    return answer && answer.until > now ? answer : undefined
  }

  learn(name: string, answer: Answer<Address>, now: number): void {
    this.sweep(now)
    this.#forget(name)
    if (answer.until <= now) return
    this.#answers.set(name, answer)
    this.#bytes += sizeOf(name, answer)
    for (const oldest of this.#answers.keys()) {
      if (this.#bytes <= mostBytes) break
      this.#forget(oldest)
    }
    if (this.#sweepAt === Number.POSITIVE_INFINITY) this.#sweepAt = now + sweepInterval
  }

  /** Forget what is not good any more, if it is time to look. */
  sweep(now: number): void {
    if (now < this.#sweepAt) return
    for (const [name, { until }] of this.#answers) if (until <= now) this.#forget(name)
    this.#sweepAt = this.#answers.size > 0 ? now + sweepInterval : Number.POSITIVE_INFINITY
  }

  #forget(name: string): void {
    const answer = this.#answers.get(name)
    if (answer && this.#answers.delete(name)) this.#bytes -= sizeOf(name, answer)
  }
}

function sizeOf(name: string, { addresses }: Answer<unknown>): number {
  return entryBytes + letterBytes * name.length + addressBytes * addresses.length
}
