interface Name {
  readonly name: string
  /** Of `performance.now`. */
  readonly from: number
  readonly before: Name | undefined
}

/**
 * Whose sessions have an index, now and before. An index is given again only after all sessions that had it have ended, so
 * when one ended tells whose it was.
 */
export class UserNames {
  readonly #names = new Map<number, Name>()

  /** From this moment on, of `performance.now`, the index is theirs. */
  give(index: number, name: string, from: number): void {
    const last = this.#names.get(index)
    // Who had it before the last one has no session left to be told of.
    this.#names.set(index, { name, from, before: last && { ...last, before: undefined } })
  }

  /** Whose session it was that had the index at this moment; null for 0, which is nobody's. */
  at(index: number, time: number): string | null {
    const last = this.#names.get(index)
    return (last && time < last.from ? (last.before ?? last) : last)?.name ?? null
  }
}
