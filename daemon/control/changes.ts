import type { Method } from '../../shared/protocol/methods.ts'
import { Refusal } from '../refusal.ts'

/** Has another process make the same change, too; undefined if it has not. */
export type Repeat = (method: Method, params: object) => Promise<object | undefined>

/** What is changed in a process that has made way, too: all that its live connections obey, and what it looks out for among them. */
const shared = /^(users|groups|rules|config|connections|watches)\.|^transfer\.import$/

/** What operators change, which waits while another process is about to take over, lest it is made here and lost there. */
export class Changes {
  #underWay = 0
  /** Resolves what waits for those under way. */
  #done: (() => void) | undefined
  /** Resolves when those that wait may go on; rejects if they may not any more. */
  #held: PromiseWithResolvers<void> | undefined
  /** Why they may not. */
  #refusal: Refusal | undefined
  /** Of the process that has made way for this one. */
  repeat: Repeat | undefined
  /** Has known here what others have changed in the store, lest a change undoes theirs. Never rejects. */
  catchUp: (() => Promise<void>) | undefined

  /** Makes a change in its time. Rejects with a Refusal if another process has taken over meanwhile. */
  async make<Made>(change: () => Promise<Made>): Promise<Made> {
    while (this.#held) await this.#held.promise
    this.#underWay++
    try {
      await this.catchUp?.()
      return await change()
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#done?.()
    }
  }

  /** Makes a change at once, here and where connections from before are served. */
  async everywhere(method: Method, params: object, change: () => object | Promise<object>): Promise<object> {
    const result = await change()
    const isDry = 'dryRun' in params && params.dryRun === true
    const other = shared.test(method) && !isDry ? await this.repeat?.(method, params) : undefined
    return other === undefined ? result : together(result, other)
  }

  /** Has changes wait from now on; resolves when none is under way, at the latest when the signal says so. */
  async hold(signal: AbortSignal): Promise<void> {
    this.#held = Promise.withResolvers()
    this.#held.promise.catch(() => {})
    if (this.#underWay === 0) return
    await new Promise<void>((resolve) => {
      this.#done = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#done = undefined
  }

  /** Has them go on. */
  release(): void {
    this.#held?.resolve()
    this.#held = undefined
  }

  /**
   * What becomes of the daemon itself: waits for no other change. Throws a Refusal if another process has taken over, for it is the
   * daemon then.
   */
  makeAtOnce<Made>(deed: () => Made): Made {
    if (this.#refusal) throw this.#refusal
    return deed()
  }

  /** Another process makes them from now on. */
  refuse(): void {
    this.#refusal = new Refusal(
      'unavailable',
      'this daemon has been replaced by its successor meanwhile: connect again and repeat it',
    )
    this.#held ??= Promise.withResolvers()
    this.#held.promise.catch(() => {})
    this.#held.reject(this.#refusal)
  }
}

/** What was cut and killed in both, and missing in both. */
function together(one: Facts, other: Facts): object {
  const { cut, killed, missing } = one
  return {
    ...one,
    ...(typeof cut === 'number' && typeof other.cut === 'number' && { cut: cut + other.cut }),
    ...(Array.isArray(killed) && Array.isArray(other.killed) && { killed: [...killed, ...other.killed] }),
    ...(Array.isArray(missing) && Array.isArray(other.killed) && { missing: without(missing, other.killed) }),
  }
}

interface Facts {
  readonly cut?: unknown
  readonly killed?: unknown
  readonly missing?: unknown
}

function without(all: readonly unknown[], some: readonly unknown[]): unknown[] {
  return all.filter((each) => !some.includes(each))
}
