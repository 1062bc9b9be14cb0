import { connectFirst } from '../connect-first.ts'
import type { Client, ConnectionError, Target } from './client.ts'

/** How it stands with the daemon. Each change is a new object. */
export type LinkState =
  | { readonly status: 'connecting' }
  | { readonly status: 'online'; readonly client: Client }
  /** Tried again at `retryAt`, milliseconds since 1970. */
  | { readonly status: 'offline'; readonly reason: ConnectionError; readonly retryAt: number }
  /** The login failed. Going on by itself would not help and would look like guessing: it takes `retry()`. */
  | { readonly status: 'refused'; readonly reason: ConnectionError }

/** Milliseconds for one attempt. */
const attemptTime = 10_000
/** Milliseconds between attempts: doubled after each failure, less up to a third so that many clients do not come at once. */
const shortestPause = 500
const longestPause = 10_000

/** Connect to the first of `targets` where a daemon listens, and again whenever the connection is lost, until `stop()`. */
export function followDaemon(...targets: readonly [Target, ...Target[]]): DaemonLink {
  return new DaemonLink(targets)
}

export class DaemonLink {
  readonly #targets: readonly Target[]
  readonly #listeners = new Set<(state: LinkState) => void>()
  readonly #stopped = new AbortController()
  #state: LinkState = { status: 'connecting' }
  #failures = 0
  #timer: NodeJS.Timeout | undefined

  constructor(targets: readonly Target[]) {
    this.#targets = targets
    this.#attempt()
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
      client = await connectFirst(this.#targets, { timeoutMs: attemptTime, signal })
    } catch (error) {
      return this.#lose(error as ConnectionError)
    }
    if (signal.aborted) return client.close()
    signal.addEventListener('abort', client.close)
    this.#failures = 0
    this.#become({ status: 'online', client })
    const reason = await client.closed
    signal.removeEventListener('abort', client.close)
    this.#lose(reason)
  }

  #lose(reason: ConnectionError): void {
    if (this.#stopped.signal.aborted) return
    if (reason.kind === 'login') return this.#become({ status: 'refused', reason })
    const pause = pauseAfter(this.#failures++, Math.random())
    this.#timer = setTimeout(() => this.retry(), pause)
    this.#become({ status: 'offline', reason, retryAt: Date.now() + pause })
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
