import type { Asker, Resolution } from '../engine/engine.ts'
import type { Payer } from './shares.ts'

/** Somebody who waits for a name. */
interface Wait {
  readonly payer: Payer
  readonly asker: Asker
  /** When the answer comes too late, as `performance.now` counts. */
  readonly until: number
}

/** One name that somebody waits for, or has waited for. */
export class Lookup {
  readonly name: string
  /** As `performance.now` counts. */
  readonly asked: number
  readonly answer: Promise<Resolution | undefined>
  /** When the answer comes too late for everybody. */
  expires = 0
  /** Its turn has not come yet. */
  isQueued = true
  readonly #resolve: (found: Resolution | undefined) => void
  /** Who waits for the answer, without those at the front who are known to have gone. */
  readonly #waits: Wait[] = []
  readonly #places = new Set<string>()
  #payer: Payer | undefined

  constructor(name: string, now: number) {
    const { promise, resolve } = Promise.withResolvers<Resolution | undefined>()
    this.name = name
    this.asked = now
    this.answer = promise
    this.#resolve = resolve
  }

  /** On whose account it runs: that of the first who waits, or of the last who did. */
  get payer(): Payer {
    const payer = this.#waits[0]?.payer ?? this.#payer
    if (!payer) throw new Error('a lookup that nobody has joined')
    return payer
  }

  /** Whether somebody has joined it on this account. */
  isOnAccountOf({ place }: Payer): boolean {
    return this.#places.has(place)
  }

  /** Add somebody who waits. */
  join(wait: Wait): void {
    this.#places.add(wait.payer.place)
    this.#waits.push(wait)
    this.expires = Math.max(this.expires, wait.until)
  }

  /** Whether somebody still waits for it. */
  isWanted(now: number): boolean {
    let first = this.#waits[0]
    for (; first && (first.until <= now || !first.asker.isWaiting()); first = this.#waits[0]) {
      this.#payer = first.payer
      this.#waits.shift()
    }
    return first !== undefined
  }

  /** Answer all who wait, now or never. */
  tell(found: Resolution | undefined): void {
    this.isQueued = false
    this.#payer = this.payer
    this.#waits.length = 0
    this.#resolve(found)
  }
}
