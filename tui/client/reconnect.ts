import type { Client } from './client.ts'
import { connect } from './connect.ts'
import type { ConnectionError } from './error.ts'
import { type ConnectOptions, readOptions, type SettledOptions } from './options.ts'
import type { OperatorLogin, Target } from './target.ts'

/** How it stands with the daemon. Each change is a new object. */
export type LinkState =
  | { readonly status: 'connecting' }
  | { readonly status: 'online'; readonly client: Client }
  /** Tried again at `retryAt`, milliseconds since 1970. */
  | { readonly status: 'offline'; readonly reason: ConnectionError; readonly retryAt: number }
  /**
   * The login failed, or there can be no such place. Going on by itself would not help: it takes `retry()`. Not so where
   * there are other places to try: another daemon may answer at the last one while the wanted one is away.
   */
  | { readonly status: 'refused'; readonly reason: ConnectionError }

/** Milliseconds between attempts: doubled after each failure, less up to a third so that many clients do not come at once. */
const shortestPause = 500
const longestPause = 10_000
/** Milliseconds after which the daemon judges logins again. */
const afterTooMany = 60_000

/**
 * Connect to a daemon, of several targets to the first where one listens, and again whenever the connection is lost,
 * until `stop()` or until the signal aborts. A password is asked for once, and again only after it was refused.
 * Throws `RangeError` for an option that is out of range.
 */
export function followDaemon(target: Target | readonly Target[], options: ConnectOptions = {}): DaemonLink {
  return new DaemonLink('kind' in target ? [target] : target, options)
}

/** Keeps up a connection to one daemon. Made by `followDaemon`. */
export class DaemonLink {
  readonly #targets: readonly Target[]
  readonly #options: SettledOptions
  /** What was answered when a password was asked for. */
  readonly #passwords = new Map<OperatorLogin, string>()
  readonly #listeners = new Set<(state: LinkState) => void>()
  readonly #stopped = new AbortController()
  #state: LinkState = { status: 'connecting' }
  #failures = 0
  #timer: NodeJS.Timeout | undefined

  constructor(targets: readonly Target[], options: ConnectOptions) {
    this.#targets = targets
    this.#options = { ...readOptions(options), signal: this.#stopped.signal }
    const { signal } = options
    const stop = () => this.stop()
    signal?.addEventListener('abort', stop)
    this.#stopped.signal.addEventListener('abort', () => signal?.removeEventListener('abort', stop))
    if (signal?.aborted) this.stop()
    else this.#attempt()
  }

  get state(): LinkState {
    return this.#state
  }

  /** Hear of each change until the returned function is called. May be taken off the object. */
  readonly subscribe = (listener: (state: LinkState) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Try now, if offline or refused. */
  retry(): void {
    const { status } = this.#state
    if (this.#stopped.signal.aborted || (status !== 'offline' && status !== 'refused')) return
    clearTimeout(this.#timer)
    this.#become({ status: 'connecting' })
    this.#attempt()
  }

  /** Close the connection for good; no listener hears of it. */
  stop(): void {
    this.#listeners.clear()
    this.#stopped.abort()
    clearTimeout(this.#timer)
  }

  async #attempt(): Promise<void> {
    const { signal } = this.#stopped
    let client: Client
    try {
      client = await connect(
        this.#targets.map((target) => this.#remembering(target)),
        this.#options,
      )
    } catch (error) {
      return this.#lose(error as ConnectionError)
    }
    if (signal.aborted) return client.close()
    const close = () => client.close()
    signal.addEventListener('abort', close)
    this.#become({ status: 'online', client })
    const reason = await client.closed
    // Who lets us in and then makes no sense would else be asked again at once, for ever.
    if (reason.kind !== 'protocol') this.#failures = 0
    signal.removeEventListener('abort', close)
    this.#lose(reason)
  }

  #lose(reason: ConnectionError): void {
    if (this.#stopped.signal.aborted) return
    if (reason.code === 'password') this.#passwords.clear()
    const waits = reason.code === 'rate_limited'
    const isFinal = reason.kind === 'login' && !waits && (this.#targets.length === 1 || reason.code === 'password')
    if (reason.kind === 'call' || isFinal) return this.#become({ status: 'refused', reason })
    const pause = waits ? afterTooMany : pauseAfter(this.#failures++, Math.random())
    this.#timer = setTimeout(() => this.retry(), pause)
    this.#become({ status: 'offline', reason, retryAt: Date.now() + pause })
  }

  #remembering(target: Target): Target {
    if (!('operator' in target) || typeof target.password === 'string') return target
    const known = this.#passwords.get(target)
    const { password } = target
    const ask = async () => {
      const answer = await password()
      this.#passwords.set(target, answer)
      return answer
    }
    return { ...target, password: known ?? ask }
  }

  #become(state: LinkState): void {
    this.#state = state
    for (const listener of this.#listeners) listener(state)
  }
}

/** Milliseconds to wait after that many failures in a row before; `chance` from 0 to 1. */
export function pauseAfter(failures: number, chance: number): number {
  return Math.min(shortestPause * 2 ** failures, longestPause) * (1 - chance / 3)
}
