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

  named(name: string): User | undefined {
    const user = this.#kept.named(name)
    return user && this.#rowOf(user)
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
    const use = this.#limits.usageOf(user)
    if (!row || !isStill(row, user, this.#limits.of(user), use)) {
      const fresh = this.#rowOf(user)
      changes.changed.push(fresh)
      return fresh
    }
    const moved = this.#traffic.of(user.index)
    if (!hasMoved(row, moved, use)) return row
    const { connections, up, down } = moved
    changes.moved.push([row.name, connections, up, down, use.sources, use.used, use.refused])
    return { ...row, ...moved, use }
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

/** Whether nothing but what moves has changed. Most users have not even moved, so that a look makes no objects for them. */
function isStill(
  row: User,
  { id, enabled, created }: KeptUser,
  { limits, effective, revision }: Pick<User, 'limits' | 'effective' | 'revision'>,
  use: User['use'],
): boolean {
  return (
    row.enabled === enabled &&
    row.stored === (id !== undefined) &&
    row.created === created &&
    row.limits === limits &&
    row.effective === effective &&
    row.revision === revision &&
    row.use.ended === use.ended &&
    row.use.expires === use.expires &&
    row.use.cycleEnds === use.cycleEnds
  )
}

function hasMoved(row: User, moved: Pick<User, 'connections' | 'up' | 'down'>, use: User['use']): boolean {
  return (
    row.connections !== moved.connections ||
    row.up !== moved.up ||
    row.down !== moved.down ||
    row.use.sources !== use.sources ||
    row.use.used !== use.used ||
    row.use.refused !== use.refused
  )
}
