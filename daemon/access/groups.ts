import { defaultGroup, type Limits } from '../../shared/limits.ts'
import type { StoredGroup } from '../store/store.ts'
import { byCodePoint } from './code-point-order.ts'

/** A group of users. Never modified: a change puts another object in its place. */
export interface Group extends StoredGroup {
  /** What loops know it by, 0 to 1,000; stable while the group exists and the daemon runs. */
  readonly index: number
}

/** Beside the one of everybody. */
const mostGroups = 1_000

/** All groups of users, in memory; `default` is always among them. */
export class Groups {
  readonly #byName = new Map<string, Group>()
  readonly #released: number[] = []
  #highestIndex = 0

  constructor(stored: readonly StoredGroup[] = []) {
    this.#byName.set(defaultGroup, { name: defaultGroup, limits: {}, revision: 0, index: 0 })
    for (const group of stored) this.put(group)
  }

  /** For how many more there is room. */
  get room(): number {
    return mostGroups + 1 - this.#byName.size
  }

  get isFull(): boolean {
    return this.room <= 0
  }

  /** What everybody has who has nothing else. */
  get everybody(): Group {
    return this.#byName.get(defaultGroup) as Group
  }

  named(name: string): Group | undefined {
    return this.#byName.get(name)
  }

  /** The one whose limits hold for who has these of their own. */
  of({ group }: Limits): Group {
    return (typeof group === 'string' && this.#byName.get(group)) || this.everybody
  }

  /** By name in code point order. */
  list(): readonly Group[] {
    return [...this.#byName.values()].sort((a, b) => byCodePoint(a.name, b.name))
  }

  /** Adds the group, or puts it in the place of the one with its name. The caller has seen that there is room. */
  put(group: StoredGroup): Group {
    const index = this.#byName.get(group.name)?.index ?? this.#released.shift() ?? ++this.#highestIndex
    const placed = { ...group, index }
    this.#byName.set(group.name, placed)
    return placed
  }

  /** Nobody may be in it. */
  remove({ name, index }: Group): void {
    if (this.#byName.delete(name)) this.#released.push(index)
  }
}
