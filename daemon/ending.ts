export interface EndingOptions {
  /** Refuses new clients; resolves when the last live one has gone. */
  readonly refuseClients: () => Promise<void>
  readonly countLive: () => number
  readonly patience: Patience
  readonly tell: (message: string) => void
}

/** Milliseconds for live connections to end. */
export interface Patience {
  /** Once the daemon drains. */
  readonly drain: number
  /** Once a successor serves. */
  readonly upgrade: number
}

/**
 * How the daemon comes to its end, whoever asks for it: at once, or when the live connections have ended. Of a daemon that makes
 * way for its successor these have more time, until somebody has it drain.
 */
export class Ending {
  /** Resolves when it is time to close everything. */
  readonly come: Promise<void>
  readonly #began = new AbortController()
  /** Aborts when new clients are refused. */
  readonly began: AbortSignal = this.#began.signal
  readonly #drains = new AbortController()
  /** Aborts when live connections get the time of a drain. */
  readonly drains: AbortSignal = this.#drains.signal
  readonly #refuseClients: () => Promise<void>
  readonly #countLive: () => number
  readonly #tell: (message: string) => void
  readonly #resolve: () => void
  #patience: Patience
  #way: keyof Patience | undefined
  /** Milliseconds since this process began. */
  #since = 0
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
    return this.#way === 'drain'
  }

  /** From the beginning of the drain or the upgrade on, also of one that is under way. */
  set patience(patience: Patience) {
    this.#patience = patience
    this.#setDeadline()
  }

  drain(asker = 'the daemon drains'): boolean {
    if (this.isDraining) return false
    this.#tell(`${asker}: new clients are refused, live connections get ${this.#patience.drain / 1000} s`)
    this.#begin('drain')
    return true
  }

  /** A successor serves: it takes the new clients, and those of management once this has resolved. */
  makeWay(operatorsHaveLeft: Promise<void>): void {
    if (this.#way === undefined) this.#begin('upgrade', operatorsHaveLeft)
  }

  shutdown(): void {
    this.#tell('the daemon ends at once')
    this.#end()
  }

  #begin(way: keyof Patience, also?: Promise<void>): void {
    const isFirst = this.#way === undefined
    this.#way = way
    this.#since = performance.now()
    this.#began.abort()
    if (way === 'drain') this.#drains.abort()
    if (isFirst) void Promise.all([this.#refuseClients(), also]).then(() => this.#end())
    this.#setDeadline()
  }

  #setDeadline(): void {
    if (this.#way === undefined) return
    clearTimeout(this.#deadline)
    const left = this.#since + this.#patience[this.#way] - performance.now()
    this.#deadline = setTimeout(() => this.#cutTheRest(), Math.max(0, left))
  }

  #cutTheRest(): void {
    const cut = this.#countLive()
    if (cut > 0) this.#tell(`the drain is out of time: live connections that are cut: ${cut}`)
    this.#end()
  }

  #end(): void {
    this.#began.abort()
    clearTimeout(this.#deadline)
    this.#resolve()
  }
}
