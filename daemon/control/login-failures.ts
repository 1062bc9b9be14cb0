import { sourceNamed } from '../net/address.ts'

/** Addresses remembered at most; the one that failed longest ago goes first. */
const mostAddresses = 1024
const minute = 60_000

interface Failures {
  /** How many, less those that time has made good. */
  level: number
  /** When that was so: milliseconds, from any start. */
  at: number
}

/**
 * Failed logins by address: a bucket each, that holds as many as are allowed in a minute and empties in one. An address
 * that is locked out harms no other, and never the Unix socket. What counts as one is `sourceOf`'s.
 */
export class LoginFailures {
  readonly #perMinute: number
  readonly #now: () => number
  readonly #failures = new Map<string, Failures>()

  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute
    this.#now = now
  }

  /** Whether this address has failed too often to try again yet. */
  tooMany(address: string): boolean {
    return this.#level(address) > this.#perMinute - 1
  }

  note(address: string): void {
    this.#set(address, this.#level(address) + 1)
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > mostAddresses && oldest !== undefined) this.#failures.delete(oldest)
  }

  /** What was noted last was no failure in the end. */
  takeBack(address: string): void {
    this.#set(address, this.#level(address) - 1)
  }

  #set(address: string, level: number): void {
    const source = sourceNamed(address)
    this.#failures.delete(source)
    if (level > 0) this.#failures.set(source, { level, at: this.#now() })
  }

  #level(address: string): number {
    const failures = this.#failures.get(sourceNamed(address))
    if (failures === undefined) return 0
    return Math.max(0, failures.level - ((this.#now() - failures.at) * this.#perMinute) / minute)
  }
}
