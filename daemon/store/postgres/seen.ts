import { changedElsewhere } from './users.ts'

interface Stored {
  readonly revision: number
  readonly node: string
}

/** The revision of something that this process has loaded or saved last: what is changed on top of another one would be lost. */
export class Seen {
  readonly #what: string
  readonly #node: string
  /** Undefined: of nothing yet. */
  #revision: number | undefined

  /** `what`: in words for people. */
  constructor(what: string, node: string) {
    this.#what = what
    this.#node = node
  }

  is(revision: number): void {
    this.#revision = revision
  }

  /** Throws a Refusal, `conflict`, unless the next revision fits behind what is stored; the same one may come from this node again. */
  expect([stored]: readonly Stored[], next: number): void {
    if (!stored || this.#revision === undefined || stored.revision === this.#revision) return
    if (stored.node === this.#node && stored.revision === next) return
    throw changedElsewhere(this.#what, stored.revision)
  }
}
