import { type BigIntStats, copyFileSync, statSync, truncateSync } from 'node:fs'
import { moved, rewritten } from './sqlite-errors.ts'

/** What tells one state of a file from another: which it is, and what whoever writes changes. */
type State = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>

/**
 * A database that this process alone has open. SQLite's locks keep other SQLite out, but nobody who moves the file, or copies another
 * one over it. Whoever writes to it changes the time of that; this process does so within its calls only.
 */
export class OwnDatabase {
  readonly #file: string
  #known: State
  /** Of the log of changes, once there is one. */
  #log: State | undefined
  #isRewritten = false

  constructor(file: string) {
    this.#file = file
    this.#known = statSync(file, { bigint: true })
    this.#log = stateOf(`${file}-wal`)
  }

  /** Does what may write to it. Throws a StoreError if it is no longer in its place, or not as this process has left it. */
  in<Result>(work: () => Result): Result {
    this.refuseForeign()
    try {
      return work()
    } finally {
      const state = stateOf(this.#file)
      if (isSameFile(state, this.#known)) this.#known = state
      this.#log ??= stateOf(`${this.#file}-wal`)
    }
  }

  /** Throws a StoreError as `in` does. */
  refuseForeign(): void {
    this.refuseRewritten()
    const isThere = isSameFile(stateOf(this.#file), this.#known)
    if (!isThere) throw moved(this.#file)
    if (this.#log && !isSameFile(stateOf(`${this.#file}-wal`), this.#log)) throw moved(`${this.#file}-wal`)
  }

  /** Throws a StoreError if another has written to it, from when on pages of both are mixed in what is read. */
  refuseRewritten(): void {
    this.disarmRewritten()
    if (this.#isRewritten) throw rewritten(this.#file, this.#kept)
  }

  /** If another has written to it, sees that nothing of what was in it before is written into what is in it now. */
  disarmRewritten(): void {
    const state = stateOf(this.#file)
    if (this.#isRewritten || !isSameFile(state, this.#known)) return
    if (state.size !== this.#known.size || state.mtimeNs !== this.#known.mtimeNs) this.#disarm()
  }

  get #kept(): string {
    return `${this.#file}-wal-unsaved`
  }

  /**
   * What lies in the log of changes alone is of the file of before. SQLite would write it into the new one with the next close,
   * or start, page by page: so the log is emptied, under it, and kept under another name.
   */
  #disarm(): void {
    this.#isRewritten = true
    const log = `${this.#file}-wal`
    if (!stateOf(log)) return
    copyFileSync(log, this.#kept)
    truncateSync(log)
  }
}

function stateOf(path: string): State | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })
}

function isSameFile(state: State | undefined, known: State): state is State {
  return state?.ino === known.ino && state.dev === known.dev
}
