const place = Symbol('place')

/** Who is in a crowd knows where, and so is in one at a time. */
interface Member {
  [place]?: number | undefined
}

/**
 * A set of many that come and go. Of a Map or Set each table that its entries have outgrown leads to the next one and to all that were in it,
 * and what one of them that V8 has taken for old leads to is taken for alive, table after table, until V8 marks the whole heap.
 */
export class Crowd<One extends object> {
  readonly #members: (One & Member)[] = []

  get size(): number {
    return this.#members.length
  }

  /** A copy, in no order. */
  get all(): One[] {
    return [...this.#members]
  }

  /** Nothing happens if it is in already. */
  add(one: One & Member): void {
    one[place] ??= this.#members.push(one) - 1
  }

  /** Nothing happens if it is not in. The last one takes its place. */
  delete(one: One & Member): void {
    const at = one[place]
    const last = this.#members.at(-1)
    if (at === undefined || !last) return
    this.#members[at] = last
    last[place] = at
    this.#members.pop()
    one[place] = undefined
  }
}
