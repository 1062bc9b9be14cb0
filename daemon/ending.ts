import { Refusal } from './refusal.ts'

export interface EndingOptions {
  /** Refuses new clients; resolves when the last live one has gone. */
  readonly refuseClients: () => Promise<void>
  /** Takes new clients again; rejects with a Refusal if it cannot, and then refuses them as before. */
  readonly admitClients: () => Promise<void>
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
 * way for its successor these have more time, until somebody has it drain. A drain can be taken back until the end has come, unless a
 * signal has asked for it.
 */
export class Ending {
  /** Resolves when it is time to close everything. */
  readonly come: Promise<void>
  #began = new AbortController()
  readonly #watchers: ((drains: boolean) => void)[] = []
  readonly #refuseClients: () => Promise<void>
  readonly #admitClients: () => Promise<void>
  readonly #countLive: () => number
  readonly #tell: (message: string) => void
  readonly #resolve: () => void
  #patience: Patience
  #way: keyof Patience | undefined
  #isAsked = false
  #isLost = false
  #isOutlived = false
  /** When each way began, in milliseconds since this process did. */
  readonly #since: Record<keyof Patience, number> = { drain: 0, upgrade: 0 }
  #deadline: NodeJS.Timeout | undefined
  /** Whom else the end waits for. */
  #operatorsHaveLeft: Promise<void> | undefined
  /** Why it comes to its end, once nobody can take that back. */
  #isFor: string | undefined
  /** Changes with each drain that is taken back: the end does not wait for its clients any more. */
  #round = 0
  #isAdmitting = false
  /** A drain was asked for while one was being taken back: the later word counts. */
  #drainsAnew = false

  constructor({ refuseClients, admitClients, countLive, patience, tell }: EndingOptions) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.come = promise
    this.#resolve = resolve
    this.#refuseClients = refuseClients
    this.#admitClients = admitClients
    this.#countLive = countLive
    this.#patience = patience
    this.#tell = tell
  }

  get isDraining(): boolean {
    return this.#way === 'drain'
  }

  /** Whether the daemon ends with this process, and nobody has asked for that. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Aborts when new clients are refused; another one after a drain that was taken back. */
  get began(): AbortSignal {
    return this.#began.signal
  }

  /** Tells when live connections get the time of a drain, and when that is taken back. */
  watch(watcher: (drains: boolean) => void): void {
    this.#watchers.push(watcher)
  }

  /** From the beginning of the drain or the upgrade on, also of one that is under way. */
  set patience(patience: Patience) {
    this.#patience = patience
    this.#setDeadline()
  }

  /** False if it drains already, and nobody is about to take that back. */
  drain(asker = 'the daemon drains'): boolean {
    if (this.isDraining && (!this.#isAdmitting || this.#drainsAnew)) return false
    this.#tell(`${asker}: new clients are refused, live connections get ${this.#patience.drain / 1000} s`)
    this.#drainsAnew = this.#isAdmitting
    if (this.#isAdmitting) this.#since.drain = performance.now()
    else this.#begin('drain')
    return true
  }

  /** Drains for good, for this reason. False if it drains already. */
  stop(asker: string): boolean {
    this.#isAsked = true
    this.#isFor = asker
    return this.drain(asker)
  }

  /**
   * Takes a drain back: resolves when clients are taken as before it. Rejects with a Refusal if there is none, if it is for good, if
   * clients cannot be taken again, or if another drain is asked for before they are; then the drain goes on.
   */
  async undrain(): Promise<void> {
    this.#refuseUndrain()
    if (!this.isDraining) throw new Refusal('conflict', 'the daemon does not drain')
    if (this.#isAdmitting) throw new Refusal('conflict', 'the daemon is about to take clients again')
    if (this.#operatorsHaveLeft === undefined) await this.#admit()
    this.#way = this.#operatorsHaveLeft && 'upgrade'
    this.#setDeadline()
    this.#tell('the drain is taken back')
    for (const watcher of this.#watchers) watcher(false)
  }

  /** Nothing ends the daemon meanwhile but what ends it for good. */
  async #admit(): Promise<void> {
    this.#isAdmitting = true
    this.#drainsAnew = false
    this.#round++
    clearTimeout(this.#deadline)
    try {
      await this.#admitClients()
      this.#refuseUndrain()
      if (this.#drainsAnew)
        throw new Refusal('conflict', 'the daemon has been told to drain anew meanwhile: it drains on')
      this.#began = new AbortController()
    } catch (error) {
      this.#awaitClients()
      this.#setDeadline()
      throw error
    } finally {
      this.#isAdmitting = false
    }
  }

  #refuseUndrain(): void {
    if (this.#isFor === undefined) return
    throw new Refusal('conflict', `the daemon ends (${this.#isFor}) and takes no clients any more: start it anew`)
  }

  /** Another process serves in the successor's place: the end of that is not the daemon's. */
  outlive(): void {
    this.#isOutlived = true
  }

  /**
   * The successor has gone, for whatever reason. True if the daemon has gone with it, and nobody has asked for that; also while this
   * process is about to end since its own clients have left.
   */
  lose(): boolean {
    this.#isLost = !this.isDraining && !this.#isAsked && !this.#isOutlived
    this.stop('the successor has gone')
    return this.#isLost
  }

  /** A successor serves: it takes the new clients, and those of management once this has resolved. */
  makeWay(operatorsHaveLeft: Promise<void>): void {
    if (this.#way !== undefined) return
    this.#operatorsHaveLeft = operatorsHaveLeft
    this.#begin('upgrade')
  }

  shutdown(): void {
    this.#isAsked = true
    this.#tell('the daemon ends at once')
    this.#end('shutdown')
  }

  #begin(way: keyof Patience): void {
    const isFirst = this.#way === undefined
    this.#way = way
    this.#since[way] = performance.now()
    this.#began.abort()
    if (way === 'drain') for (const watcher of this.#watchers) watcher(true)
    if (isFirst) this.#awaitClients()
    this.#setDeadline()
  }

  #awaitClients(): void {
    const round = this.#round
    void Promise.all([this.#refuseClients(), this.#operatorsHaveLeft]).then(() => {
      if (round === this.#round) this.#end('its last client has left')
    })
  }

  #setDeadline(): void {
    clearTimeout(this.#deadline)
    if (this.#way === undefined || this.#isAdmitting) return
    const left = this.#since[this.#way] + this.#patience[this.#way] - performance.now()
    this.#deadline = setTimeout(() => this.#cutTheRest(), Math.max(0, left))
  }

  #cutTheRest(): void {
    const cut = this.#countLive()
    if (cut > 0) this.#tell(`the drain is out of time: live connections that are cut: ${cut}`)
    this.#end('the drain is out of time')
  }

  #end(reason: string): void {
    this.#isFor ??= reason
    this.#began.abort()
    clearTimeout(this.#deadline)
    this.#resolve()
  }
}
