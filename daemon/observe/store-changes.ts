import type { Health } from '../../shared/protocol/methods.ts'
import { Recent } from './recent.ts'

/** Seconds for which slow changes are remembered. */
const remembered = 60

/** How storing changes goes. */
export class StoreChanges {
  readonly #times = new Recent(remembered)
  #problem: string | null = null

  get health(): Health['store'] {
    return { problem: this.#problem, slowest: this.#times.worst }
  }

  /** A change took so many milliseconds, and was stored unless there is an error. */
  readonly heard = (took: number, error?: unknown): void => {
    this.#times.note(took)
    if (error === undefined) this.#problem = null
    else this.#problem = error instanceof Error ? error.message : String(error)
  }
}
