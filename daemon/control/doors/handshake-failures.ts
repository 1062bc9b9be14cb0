import type { Log } from '../log.ts'

/** Milliseconds between two lines of log. */
const quietTime = 60_000

/** Tells of failed TLS handshakes at a bounded rate: the first at once, then one a minute that stands for all. */
export class HandshakeFailures {
  readonly #log: Log
  readonly #now: () => number
  #toldAt = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  note(error: Error): void {
    this.#untold++
    if (this.#now() - this.#toldAt < quietTime) return
    const { code = error.message } = error as NodeJS.ErrnoException
    const others = this.#untold > 1 ? `, and ${this.#untold - 1} before it` : ''
    this.#log.info(`a TLS handshake failed (${code})${others}`)
    this.#toldAt = this.#now()
    this.#untold = 0
  }
}
