import type { RuleMemory } from '../engine/engine.ts'
import { RuleHits } from '../policy/rule-hits.ts'
import { RuleSet } from '../policy/rule-set.ts'

interface Hits {
  readonly hits: number
  /** Milliseconds since 1970; 0: never. */
  readonly last: number
}

const never: Hits = { hits: 0, last: 0 }

/** How often each rule has decided since the daemon's start, whatever the rules beside it were. */
export class HitCounts {
  readonly #loops: number
  /** By the rule's number: from rules that are not in force any more. */
  readonly #kept = new Map<number, Hits>()

  constructor(loops: number) {
    this.#loops = loops
  }

  /** What is known of each by its number, with what the loops count now. */
  read(memory: RuleMemory): (id: number) => Hits {
    const counted = this.#count(memory)
    return (id) => sum(this.#kept.get(id) ?? never, counted.get(id) ?? never)
  }

  /** No loop counts there any more. */
  keep(memory: RuleMemory): void {
    for (const [id, hits] of this.#count(memory)) this.#kept.set(id, sum(this.#kept.get(id) ?? never, hits))
  }

  #count({ rules, hits }: RuleMemory): Map<number, Hits> {
    const set = new RuleSet(rules)
    const parts = Array.from({ length: this.#loops }, (_, loop) => new RuleHits(hits, set.places, loop))
    const counted = new Map<number, Hits>()
    for (let place = 1; place < set.places; place++) {
      const total = parts.map((part) => part.of(place)).reduce(sum)
      if (total.hits > 0) counted.set(set.idOf(place), total)
    }
    return counted
  }
}

function sum(one: Hits, other: Hits): Hits {
  return { hits: one.hits + other.hits, last: Math.max(one.last, other.last) }
}
