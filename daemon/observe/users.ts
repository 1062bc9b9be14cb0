import type { User } from '../../shared/protocol/methods.ts'
import type { UserTraffic } from './user-traffic.ts'

/** Milliseconds between two looks while somebody watches. */
const period = 500

/** What has become of the users since the last look. No name is in two of the lists. */
export interface UserChanges {
  /** New rows, and rows of which more than the last three numbers changed. */
  readonly changed: User[]
  /** Rows of which only these numbers changed. */
  readonly moved: [name: string, connections: number, up: number, down: number][]
  /** Names of users who are gone. */
  readonly removed: string[]
}

/** A user as they are kept; `index` is that of the session tables. */
interface KeptUser extends Pick<User, 'name' | 'enabled' | 'created'> {
  /** Undefined for a user who is not stored. */
  readonly id: number | undefined
  readonly index: number
}

/** Where the users are kept, always in the same order. */
export interface KeptUsers {
  list(): readonly KeptUser[]
  /** At most `limit` of those behind a name, which need not be there; of all without it. */
  page(limit: number, after?: string): readonly KeptUser[]
  named(name: string): KeptUser | undefined
}

interface Watcher {
  readonly listener: (changes: UserChanges) => void
}

/** The users with what they move, a page at a time or change by change. Unwatched, it costs nothing. */
export class ObservedUsers {
  readonly #kept: KeptUsers
  readonly #traffic: UserTraffic
  readonly #watchers = new Set<Watcher>()
  /** As of the last look. */
  #rows: readonly User[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(kept: KeptUsers, traffic: UserTraffic) {
    this.#kept = kept
    this.#traffic = traffic
  }

  /** As `KeptUsers.page`. */
  page(limit: number, after?: string): User[] {
    return this.#kept.page(limit, after).map((user) => this.#rowOf(user))
  }

  /** Follow the users: from the rows now, a change at most every half second until `stop`. */
  watch(listener: (changes: UserChanges) => void): { stop(): void } {
    if (this.#watchers.size === 0) this.#start()
    const watcher = { listener }
    this.#watchers.add(watcher)
    return { stop: () => this.#forget(watcher) }
  }

  /** As of the last change that watchers heard; only while somebody watches. */
  get rows(): readonly User[] {
    return this.#rows
  }

  #start(): void {
    this.#look()
    this.#timer = setInterval(() => this.#tell(this.#look()), period).unref()
  }

  #forget(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return
    clearInterval(this.#timer)
    this.#rows = []
  }

  #tell(changes: UserChanges): void {
    if (changes.changed.length + changes.moved.length + changes.removed.length === 0) return
    // A copy: who begins to watch now has seen these rows already.
    for (const { listener } of [...this.#watchers]) listener(changes)
  }

  /** The rows and the users are in one order, so one walk along both finds what is new, what is gone and what has changed. */
  #look(): UserChanges {
    const changes: UserChanges = { changed: [], moved: [], removed: [] }
    const before = this.#rows
    let at = 0
    const skipRemoved = (next?: string) => {
      for (; at < before.length && before[at].name !== next; at++) {
        if (this.#kept.named(before[at].name)) return
        changes.removed.push(before[at].name)
      }
    }
    this.#rows = this.#kept.list().map((user) => {
      skipRemoved(user.name)
      const row = before[at]?.name === user.name ? before[at++] : undefined
      return this.#refresh(user, row, changes)
    })
    skipRemoved()
    return changes
  }

  #refresh(user: KeptUser, row: User | undefined, changes: UserChanges): User {
    const { id, enabled, created, index } = user
    const stored = id !== undefined
    if (!row || row.enabled !== enabled || row.stored !== stored || row.created !== created) {
      const fresh = this.#rowOf(user)
      changes.changed.push(fresh)
      return fresh
    }
    const { connections, up, down } = this.#traffic.of(index)
    if (row.connections === connections && row.up === up && row.down === down) return row
    changes.moved.push([row.name, connections, up, down])
    return { ...row, connections, up, down }
  }

  #rowOf({ id, name, index, enabled, created }: KeptUser): User {
    return { name, enabled, stored: id !== undefined, created, ...this.#traffic.of(index) }
  }
}
