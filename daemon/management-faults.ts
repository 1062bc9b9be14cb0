import type { Logger } from 'pino'
import type { Part } from './contained.ts'
import { withoutRepeats } from './repeats.ts'

/** So many faults of management as a whole within so many milliseconds, and it is of no more use. */
const most = 3
const faultsCount = 60_000

/** What becomes of management when it fails: of a connection nothing else, and of the rest that it ends if it goes on failing. */
export class ManagementFaults {
  readonly #logger: Logger
  readonly #retire: () => Promise<void>
  readonly #tell: (stack: string) => void
  /** When it has failed lately. */
  #faults: number[] = []
  #isOff = false
  #last: unknown

  /** `retire` ends management. */
  constructor(logger: Logger, retire: () => Promise<void>) {
    this.#logger = logger
    this.#retire = retire
    this.#tell = withoutRepeats(() => logger.error(this.#last, 'a fault in management; proxying goes on'))
  }

  heard(part: Part, error: unknown): void {
    this.#last = error
    this.#tell(error instanceof Error ? String(error.stack) : String(error))
    if (part.end) return part.end()
    const now = performance.now()
    this.#faults = [...this.#faults.filter((at) => now - at < faultsCount), now]
    if (this.#isOff || this.#faults.length < most) return
    this.#isOff = true
    this.#logger.error(
      `management is off until proxyd starts anew, for it has failed ${most} times within a minute; proxying goes on`,
    )
    void this.#retire()
  }
}
