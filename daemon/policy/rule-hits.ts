import type { RuleSet } from './rule-set.ts'

/** Of each place: how often it has decided, and when last. */
const cells = 2

/**
 * How often each place of a `RuleSet` has decided, and when last, in shared memory: each loop writes to a part of its own,
 * and the main thread adds them up.
 */
export class RuleHits {
  readonly #cells: Float64Array

  /** The part of one loop, from 0. */
  constructor(memory: SharedArrayBuffer, places: number, loop: number) {
    this.#cells = new Float64Array(memory, 8 * cells * places * loop, cells * places)
  }

  /** Memory for so many loops. */
  static memory({ places }: RuleSet, loops: number): SharedArrayBuffer {
    return new SharedArrayBuffer(8 * cells * places * loops)
  }

  /** `now`: milliseconds since 1970. */
  count(place: number, now: number): void {
    this.#cells[cells * place]++
    this.#cells[cells * place + 1] = now
  }

  of(place: number): { readonly hits: number; readonly last: number } {
    return { hits: this.#cells[cells * place], last: this.#cells[cells * place + 1] }
  }
}
