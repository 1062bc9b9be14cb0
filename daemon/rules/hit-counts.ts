import type { RuleMemory } from '../engine/engine.ts'
import { RuleHits } from '../policy/rule-hits.ts'
import { RuleSet } from '../policy/rule-set.ts'

interface Hits {
  readonly hits: number
  /** Milliseconds since 1970; 0: never. */
  readonly last: number
}

/** What is told of a rule; `lately`: hits in the last minute, or in up to `pace` more. */
export interface ToldHits extends Hits {
  readonly lately: number
}

const never: Hits = { hits: 0, last: 0 }

/** Milliseconds between two marks, and how many of them are a minute old at most. */
export const pace = 10_000
const marksKept = 1 + 60_000 / pace

/** How often each rule has decided since the daemon's start, whatever the rules beside it were. */
export class HitCounts {
  readonly #loops: number
  /** By the number of a rule in force: from when there were others beside it. */
  readonly #kept = new Map<number, Hits>()
  /** The hits at moments `pace` apart, from the start on, the oldest first. */
  readonly #marks: ReadonlyMap<number, number>[] = [new Map()]

  constructor(loops: number) {
    this.#loops = loops
  }

  /** What is known of each by its number, with what the loops count now. */
  read(memory: RuleMemory): (id: number) => ToldHits {
    const counted = this.#count(memory)
    const before = this.#marks[0]
    return (id) => {
      const total = this.#total(id, counted)
      return { ...total, lately: total.hits - (before?.get(id) ?? 0) }
    }
  }

  /** Note what has been counted so far. To be called every `pace` milliseconds. */
  mark(memory: RuleMemory): void {
    const counted = this.#count(memory)
    const ids = new Set([...this.#kept.keys(), ...counted.keys()])
    this.#marks.push(new Map(Array.from(ids, (id) => [id, this.#total(id, counted).hits])))
    if (this.#marks.length > marksKept) this.#marks.shift()
  }

  /** No loop counts in `old` any more, but in `now`. A rule that is not there does not come back by its number. */
  keep(old: RuleMemory, now: Pick<RuleMemory, 'rules'>): void {
    for (const [id, hits] of this.#count(old)) this.#kept.set(id, sum(this.#kept.get(id) ?? never, hits))
    const set = new RuleSet(now.rules)
    const inForce = new Set(Array.from({ length: set.places }, (_, place) => set.idOf(place)))
    for (const id of this.#kept.keys()) if (!inForce.has(id)) this.#kept.delete(id)
  }

  #total(id: number, counted: ReadonlyMap<number, Hits>): Hits {
    return sum(this.#kept.get(id) ?? never, counted.get(id) ?? never)
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
