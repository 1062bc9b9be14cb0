export interface EndingOptions {
  /** Refuses new clients; resolves when the last live one has gone. */
  readonly refuseClients: () => Promise<void>
  readonly countLive: () => number
  /** Milliseconds for live connections once the daemon drains. */
  readonly patience: number
  readonly tell: (message: string) => void
}

/** How the daemon comes to its end, whoever asks for it: at once, or when the live connections have ended. */
export class Ending {
  /** Resolves when it is time to close everything. */
  readonly come: Promise<void>
  readonly #refuseClients: () => Promise<void>
  readonly #countLive: () => number
  readonly #tell: (message: string) => void
  readonly #resolve: () => void
  #patience: number
  /** Milliseconds since this process began. */
  #drainsSince: number | undefined
  #deadline: NodeJS.Timeout | undefined

  constructor({ refuseClients, countLive, patience, tell }: EndingOptions) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.come = promise
    this.#resolve = resolve
    this.#refuseClients = refuseClients
    this.#countLive = countLive
    this.#patience = patience
    this.#tell = tell
  }

  get isDraining(): boolean {
    return this.#drainsSince !== undefined
  }

  /** Milliseconds for live connections, from the beginning of the drain, also of one that is under way. */
  set patience(milliseconds: number) {
    this.#patience = milliseconds
    this.#setDeadline()
  }

  drain(asker = 'the daemon drains'): boolean {
    if (this.isDraining) return false
    this.#drainsSince = performance.now()
    this.#tell(`${asker}: new clients are refused, live connections get ${this.#patience / 1000} s`)
    void this.#refuseClients().then(() => this.#end())
    this.#setDeadline()
    return true
  }

  shutdown(): void {
    this.#tell('the daemon ends at once')
    this.#end()
  }

  #setDeadline(): void {
    if (this.#drainsSince === undefined) return
    clearTimeout(this.#deadline)
    const left = this.#drainsSince + this.#patience - performance.now()
    this.#deadline = setTimeout(() => this.#cutTheRest(), Math.max(0, left))
  }

  #cutTheRest(): void {
    const cut = this.#countLive()
    if (cut > 0) this.#tell(`the drain is out of time: live connections that are cut: ${cut}`)
    this.#end()
  }

  #end(): void {
    clearTimeout(this.#deadline)
    this.#resolve()
  }
}
