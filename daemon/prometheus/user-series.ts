/** Users with series of their own, in the life of the process: who has one keeps it, however many come and go. */
export const mostLabels = 1_000
/** Where there are more users than that, so many get one at a look: the busiest shall have it, not the first to move. */
const mostAtOnce = 20
/** They are sought among so many indices at a look, the next ones at the next: to ask for metrics shall not keep the main thread. */
export const soughtAtOnce = 16_384

/** Labels of all other users together, and of clients without a login. A user who is called like that is one of the others. */
const others = '_other'
const withoutLogin = '_anonymous'

/** What users move, by index. Bytes under an index only grow, whoever owns it. */
export interface UserCounters {
  up(index: number): number
  down(index: number): number
  connections(index: number): number
}

export interface UserNames {
  /** How many users there are. */
  readonly size: number
  /** No index above it was ever given. */
  readonly highestIndex: number
  /** A user's name by index; undefined for users who are gone. */
  nameOf(index: number): string | undefined
}

/** Of everybody together. */
export interface Together {
  readonly up: number
  readonly down: number
  readonly sessions: number
}

const nothing: Together = { up: 0, down: 0, sessions: 0 }

/** One series of each kind. */
export interface UserRow extends Together {
  readonly user: string
}

/** What somebody with a label has moved: under the index that they have now, since it is theirs, and before. */
interface Labelled {
  /** Undefined while there is no such user. */
  index: number | undefined
  fromUp: number
  fromDown: number
  up: number
  down: number
}

/**
 * What users have moved, each by themselves or with the others. Every series only grows: what a user moved before they got a
 * label stays with the others, and what they moved until they were removed stays theirs.
 */
export class UserSeries {
  readonly #counters: UserCounters
  readonly #names: UserNames
  /** Who may have a label; undefined: whoever is busiest. */
  readonly #listed: ReadonlySet<string> | undefined
  readonly #labelled = new Map<string, Labelled>()
  readonly #byIndex = new Map<number, Labelled>()
  /** Where the busiest were sought last. */
  #sought = 0
  /** The most so far: loops go on counting while they are read. */
  #othersUp = 0
  #othersDown = 0

  /** To be made before any user comes or goes. `listed`: who may have a label; undefined: whoever is busiest. */
  constructor(counters: UserCounters, names: UserNames, listed?: readonly string[]) {
    this.#counters = counters
    this.#names = names
    this.#listed = listed && new Set(listed)
    for (let index = 1; index <= names.highestIndex; index++) {
      const name = names.nameOf(index)
      if (name !== undefined && this.#isWanted(name)) this.#label(name, index, nothing)
    }
  }

  /** An index is this user's from now on, who has no session yet. */
  begin({ index, name }: { readonly index: number; readonly name: string }): void {
    const before = this.#byIndex.get(index)
    if (before) this.#leave(before, index)
    if (this.#isWanted(name) || this.#labelled.has(name)) this.#label(name, index)
  }

  /** What there is to tell. `together` was counted before. */
  look(together: Together): UserRow[] {
    if (!this.#listed) for (const index of this.#busiest()) this.#label(this.#names.nameOf(index) ?? '', index)
    const anonymous = { user: withoutLogin, ...this.#of(0) }
    const rows: UserRow[] = [anonymous]
    let { up, down, sessions } = together
    const takeOut = (row: Together) => {
      up -= row.up
      down -= row.down
      sessions -= row.sessions
    }
    takeOut(anonymous)
    for (const [user, labelled] of this.#labelled) {
      const row = this.#rowOf(labelled)
      takeOut(row)
      if (labelled.index !== undefined && this.#names.nameOf(labelled.index) === user) rows.push({ user, ...row })
    }
    this.#othersUp = Math.max(this.#othersUp, up)
    this.#othersDown = Math.max(this.#othersDown, down)
    rows.push({ user: others, up: this.#othersUp, down: this.#othersDown, sessions: Math.max(0, sessions) })
    return rows
  }

  /** Of those without a label, while there are labels left: the busiest of the next indices first. It makes no objects of the others. */
  #busiest(): readonly number[] {
    const room = Math.min(mostAtOnce, mostLabels - this.#labelled.size)
    const indices: number[] = []
    const moved: number[] = []
    if (this.#sought >= this.#names.highestIndex) this.#sought = 0
    const last = Math.min(this.#sought + soughtAtOnce, room > 0 ? this.#names.highestIndex : 0)
    for (let index = this.#sought + 1; index <= last; index++) {
      const bytes = this.#counters.up(index) + this.#counters.down(index)
      if (bytes <= (moved[room - 1] ?? 0)) continue
      if (this.#byIndex.has(index) || !isName(this.#names.nameOf(index))) continue
      let at = Math.min(moved.length, room - 1)
      for (; at > 0 && (moved[at - 1] as number) < bytes; at--) {
        moved[at] = moved[at - 1] as number
        indices[at] = indices[at - 1] as number
      }
      moved[at] = bytes
      indices[at] = index
    }
    this.#sought = last
    return indices
  }

  /** Where there is one for everybody, everybody has one. */
  #isWanted(name: string): boolean {
    return this.#listed?.has(name) ?? this.#names.size <= mostLabels
  }

  /** `from`: what had been moved under the index before it counts. */
  #label(name: string, index: number, from: Together = this.#of(index)): void {
    const known = this.#labelled.get(name)
    if (!isName(name) || (!known && this.#labelled.size >= mostLabels)) return
    if (known?.index !== undefined) this.#leave(known, known.index)
    const labelled = { index, fromUp: from.up, fromDown: from.down, up: known?.up ?? 0, down: known?.down ?? 0 }
    this.#labelled.set(name, labelled)
    this.#byIndex.set(index, labelled)
  }

  #leave(labelled: Labelled, index: number): void {
    const { up, down } = this.#rowOf(labelled)
    Object.assign(labelled, { index: undefined, up, down })
    this.#byIndex.delete(index)
  }

  #rowOf({ index, fromUp, fromDown, up, down }: Labelled): Together {
    if (index === undefined) return { up, down, sessions: 0 }
    const now = this.#of(index)
    return { up: up + now.up - fromUp, down: down + now.down - fromDown, sessions: now.sessions }
  }

  #of(index: number): Together {
    const counters = this.#counters
    return { up: counters.up(index), down: counters.down(index), sessions: counters.connections(index) }
  }
}

function isName(name: string | undefined): name is string {
  return name !== undefined && name !== others && name !== withoutLogin
}
