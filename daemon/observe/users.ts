import type { EventParams, User } from '../../shared/protocol/methods.ts'
import type { UserTraffic } from './user-traffic.ts'

/** Milliseconds between two looks while somebody watches. */
const period = 500

/** What has become of the users since the last look. No name is in two of the lists. */
export interface UserChanges {
  /** New rows, and rows of which more than what moves changed. */
  readonly changed: User[]
  /** Rows of which only these numbers changed. */
  readonly moved: EventParams<'users.changed'>['moved']
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
export interface KeptUsers<Kept extends KeptUser> {
  list(): readonly Kept[]
  /** At most `limit` of those behind a name, which need not be there; of all without it. */
  page(limit: number, after?: string): readonly Kept[]
  named(name: string): Kept | undefined
}

/** What limits there are for each of them, and what of that is used. */
export interface KeptLimits<Kept extends KeptUser> {
  /** The same objects as long as nothing of them has changed. */
  of(user: Kept): Pick<User, 'group' | 'limits' | 'effective' | 'revision'>
  usageOf(user: Kept): User['use']
}

interface Watcher {
  readonly listener: (changes: UserChanges) => void
}

/** The users with what they move, a page at a time or change by change. Unwatched, it costs nothing. */
export class ObservedUsers<Kept extends KeptUser> {
  readonly #kept: KeptUsers<Kept>
  readonly #limits: KeptLimits<Kept>
  readonly #traffic: UserTraffic
  readonly #watchers = new Set<Watcher>()
  /** As of the last look. */
  #rows: readonly User[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(kept: KeptUsers<Kept>, limits: KeptLimits<Kept>, traffic: UserTraffic) {
    this.#kept = kept
    this.#limits = limits
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

  #refresh(user: Kept, row: User | undefined, changes: UserChanges): User {
    const fresh = this.#rowOf(user)
    if (!row || !isStill(row, fresh)) {
      changes.changed.push(fresh)
      return fresh
    }
    if (!hasMoved(row, fresh)) return row
    const { name, connections, up, down, use } = fresh
    changes.moved.push([name, connections, up, down, use.sources, use.used, use.refused])
    return fresh
  }

  #rowOf(user: Kept): User {
    const { id, name, index, enabled, created } = user
    return {
      name,
      enabled,
      stored: id !== undefined,
      created,
      ...this.#traffic.of(index),
      ...this.#limits.of(user),
      use: this.#limits.usageOf(user),
    }
  }
}

/** Whether nothing but what moves has changed. */
function isStill(one: User, other: User): boolean {
  return (
    one.enabled === other.enabled &&
    one.stored === other.stored &&
    one.created === other.created &&
    one.limits === other.limits &&
    one.effective === other.effective &&
    one.revision === other.revision &&
    one.use.ended === other.use.ended &&
    one.use.expires === other.use.expires &&
    one.use.cycleEnds === other.use.cycleEnds
  )
}

function hasMoved(one: User, other: User): boolean {
  return (
    one.connections !== other.connections ||
    one.up !== other.up ||
    one.down !== other.down ||
    one.use.sources !== other.use.sources ||
    one.use.used !== other.use.used ||
    one.use.refused !== other.use.refused
  )
}
