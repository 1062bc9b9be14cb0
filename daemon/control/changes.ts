import { Refusal } from '../refusal.ts'

/** What operators change, which waits while another process is about to take over, lest it is made here and lost there. */
export class Changes {
  #underWay = 0
  /** Resolves what waits for those under way. */
  #done: (() => void) | undefined
  /** Resolves when those that wait may go on; rejects if they may not any more. */
  #held: PromiseWithResolvers<void> | undefined

  /** Makes a change in its time. Rejects with a Refusal if another process has taken over meanwhile. */
  async make<Result>(change: () => Result | Promise<Result>): Promise<Result> {
    while (this.#held) await this.#held.promise
    this.#underWay++
    try {
      return await change()
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#done?.()
    }
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

  /** Another process makes them from now on. */
  refuse(): void {
    this.#held ??= Promise.withResolvers()
    this.#held.promise.catch(() => {})
    this.#held.reject(
      new Refusal(
        'unavailable',
        'this daemon has been replaced by its successor meanwhile: connect again and repeat it',
      ),
    )
  }
}
