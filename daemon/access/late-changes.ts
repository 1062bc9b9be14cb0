import { Refusal } from '../refusal.ts'
import { StoreError } from '../store/store.ts'
import { demandMandate } from '../turns.ts'

/**
 * Changes that take something away from somebody. They act whether the disk takes them or not: here they wait until it does.
 * While one waits, an end of the daemon undoes it, so it is told. Whatever gives something is stored first, behind those.
 */
export class LateChanges {
  readonly #warn: (message: string) => void
  readonly #pause: number
  /** By whom they are about: the last one counts. */
  readonly #waiting = new Map<string, () => Promise<unknown>>()
  #timer: NodeJS.Timeout | undefined

  /** `pause` is in milliseconds, between two tries. */
  constructor(warn: (message: string) => void, pause: number = 5_000) {
    this.#warn = warn
    this.#pause = pause
  }

  /** Stores a change that acts already; resolves to false if it cannot be now, and then it is tried again. */
  async store(whom: string, write: () => Promise<unknown>): Promise<boolean> {
    this.#waiting.set(whom, write)
    try {
      await this.#write(whom, write)
      return true
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.#warn(`the change to ${whom} acts, and is not stored yet, so that a restart would undo it: ${error.message}`)
      this.#tryLater()
      return false
    }
  }

  /** What waits, by whom or what it is about. */
  get waiting(): string[] {
    return [...this.#waiting.keys()]
  }

  /**
   * Stores all that waits. Rejects with a StoreError if it cannot be now; then nothing that builds on it may be stored, nor where who
   * has asked for that may not any longer.
   */
  async settle(): Promise<void> {
    for (const [whom, write] of this.#waiting) {
      try {
        await this.#write(whom, write)
      } catch (error) {
        if (!isOvertaken(error)) throw error
        this.#warn(`the change to ${whom} is undone, make it again: ${error.message}`)
      }
    }
    demandMandate()
  }

  /** Tries once more, and never again. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.settle().catch(() => {})
  }

  async #write(whom: string, write: () => Promise<unknown>): Promise<void> {
    const forget = () => {
      if (this.#waiting.get(whom) === write) this.#waiting.delete(whom)
    }
    try {
      await write()
      forget()
    } catch (error) {
      if (isOvertaken(error)) forget()
      throw error
    }
  }

  #tryLater(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.settle().then(
        () => this.#warn('all changes are stored now'),
        () => this.#tryLater(),
      )
    }, this.#pause)
    this.#timer.unref()
  }
}

/** Whether another daemon of a fleet has changed the same thing meanwhile, so that it can never be stored. */
function isOvertaken(error: unknown): error is Refusal {
  return error instanceof Refusal && error.kind === 'conflict'
}
