import { type SessionTable, stateCount } from '../engine/session-table.ts'

/** A session's place among all, oldest first: those of one millisecond are in the order of their serials. */
export interface Age {
  /** When it began, as `performance.now` counts. */
  readonly opened: number
  readonly serial: number
}

/** Where a live session was found. */
export interface AgedSlot extends Age {
  readonly table: SessionTable
  readonly slot: number
}

/**
 * The `limit` oldest live sessions behind `after`, oldest first; of all without it. Looks at two numbers a slot, and
 * keeps no more sessions than it gives, so that a page costs no text and no sorting of those that are not on it.
 */
export function oldestSessions(tables: readonly SessionTable[], limit: number, after?: Age): AgedSlot[] {
  const oldest = new Oldest(limit)
  for (const table of tables) {
    for (let slot = 0; slot < table.capacity; slot++) {
      const serial = table.serial[slot]
      if (serial === 0) continue
      const opened = table.since[slot * stateCount]
      if (after && (isOlder(opened, serial, after) || serial === after.serial)) continue
      if (oldest.wants(opened, serial)) oldest.take({ opened, serial, table, slot })
    }
  }
  return oldest.sorted()
}

function isOlder(opened: number, serial: number, than: Age): boolean {
  return opened === than.opened ? serial < than.serial : opened < than.opened
}

/** The oldest of those it has seen: a heap with the youngest of them on top, who goes when an older one comes. */
class Oldest {
  readonly #limit: number
  readonly #heap: AgedSlot[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  wants(opened: number, serial: number): boolean {
    return this.#heap.length < this.#limit || isOlder(opened, serial, this.#heap[0])
  }

  take(session: AgedSlot): void {
    if (this.#heap.length < this.#limit) this.#rise(session)
    else this.#sink(session)
  }

  sorted(): AgedSlot[] {
    return this.#heap.sort((a, b) => (isOlder(a.opened, a.serial, b) ? -1 : 1))
  }

  #rise(session: AgedSlot): void {
    let at = this.#heap.length
    const { opened, serial } = session
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (isOlder(opened, serial, this.#heap[parent])) break
      this.#heap[at] = this.#heap[parent]
      at = parent
    }
    this.#heap[at] = session
  }

  #sink(session: AgedSlot): void {
    const { opened, serial } = session
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= this.#limit) break
      const child = left + 1 < this.#limit && this.#isYounger(left + 1, left) ? left + 1 : left
      if (!isOlder(opened, serial, this.#heap[child])) break
      this.#heap[at] = this.#heap[child]
      at = child
    }
    this.#heap[at] = session
  }

  #isYounger(at: number, than: number): boolean {
    const { opened, serial } = this.#heap[than]
    return isOlder(opened, serial, this.#heap[at])
  }
}
