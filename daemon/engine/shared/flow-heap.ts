/** Flows that wait, in a heap: first the one that has moved least lately, and of equals the one that came first. */
export class FlowHeap<Flow> {
  readonly #heap: WaitingFlow<Flow>[] = []
  #tickets = 0

  get size(): number {
    return this.#heap.length
  }

  get first(): Flow | undefined {
    return this.#heap[0]?.flow
  }

  /** `moved`: as `movedLately` has it, at `now`. */
  add(flow: Flow, moved: number, now: number): WaitingFlow<Flow> {
    // What counts of two flows' bytes shrinks alike while they wait: this is the logarithm of what it was long ago.
    // Of nothing there is none: who has only just come would always be ahead of who waits.
    const order = Math.log(1 + moved) + now / memory
    const waiting = { flow, order, ticket: this.#tickets++, place: 0 }
    this.#rise(waiting, this.#heap.length)
    return waiting
  }

  /** `waiting` has been added, and not deleted. */
  delete(waiting: WaitingFlow<Flow>): void {
    const last = this.#heap.pop()
    if (!last || last === waiting) return
    if (goesBefore(last, waiting)) this.#rise(last, waiting.place)
    else this.#sink(last, waiting.place)
  }

  #rise(flow: WaitingFlow<Flow>, from: number): void {
    let at = from
    while (at > 0) {
      const above = this.#heap[(at - 1) >> 1]
      if (!goesBefore(flow, above)) break
      this.#put(above, at)
      at = (at - 1) >> 1
    }
    this.#put(flow, at)
  }

  #sink(flow: WaitingFlow<Flow>, from: number): void {
    const heap = this.#heap
    let at = from
    for (let below = 2 * at + 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && goesBefore(heap[below + 1], heap[below])) below++
      if (goesBefore(flow, heap[below])) break
      this.#put(heap[below], at)
      at = below
    }
    this.#put(flow, at)
  }

  #put(flow: WaitingFlow<Flow>, at: number): void {
    this.#heap[at] = flow
    flow.place = at
  }
}

export interface WaitingFlow<Flow> {
  readonly flow: Flow
  readonly order: number
  readonly ticket: number
  /** Where it is in the heap. */
  place: number
}

function goesBefore<Flow>(one: WaitingFlow<Flow>, other: WaitingFlow<Flow>): boolean {
  return one.order < other.order || (one.order === other.order && one.ticket < other.ticket)
}

/** Milliseconds after which of what a flow has moved no more than a third (1 / e) counts. */
const memory = 200

/** What counts of `moved` bytes so many milliseconds later. */
export function movedLately(moved: number, milliseconds: number): number {
  return moved * Math.exp(-milliseconds / memory)
}
