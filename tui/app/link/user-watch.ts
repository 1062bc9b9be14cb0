import { everyPage } from '../../../shared/commands/context.ts'
import { type Client, followUsers, type User, type UserChange } from '../../client/index.ts'
import type { DataEvent } from '../state/state.ts'
import { TableWatch } from './table-watch.ts'

/** Who wants to know of users. */
interface UserListener {
  /** These are all. */
  known(names: ReadonlySet<string>): void
  gone(name: string): void
  /** Some have come, gone or been changed, beside what they move. */
  changed(): void
  /** The daemon refused, or the connection was lost. */
  failed(error: unknown): void
}

/** Follows a daemon's users while it is the one that is shown. */
export class UserWatch {
  readonly #feed: (event: DataEvent) => void
  readonly #listener: UserListener
  readonly #table: TableWatch<User, UserChange>
  /** What is told of the users while they are listed. */
  #changedMeanwhile: UserChange[] | null = null

  constructor(feed: (event: DataEvent) => void, listener: UserListener) {
    this.#feed = feed
    this.#listener = listener
    this.#table = new TableWatch(followUsers, {
      snapshot: (users) => this.#learn(users),
      changed: (changes) => this.#change(changes),
      failed: (error) => listener.failed(error),
    })
  }

  /** Follow them by `client` from now on; null: not any longer. */
  settle(client: Client | null): void {
    this.#table.settle(client)
  }

  /**
   * List all of them now: of what has just been done the daemon tells up to half a second later. Resolves to what puts them
   * into the store; rejects as `Client.call` does.
   */
  async list({ call }: Client): Promise<() => void> {
    const changes: UserChange[] = []
    this.#changedMeanwhile = changes
    try {
      const pages = await everyPage((from) => call('users.list', from))
      return () => {
        this.#learn(pages.flatMap((page) => page.users))
        // One of an early page may have changed while the later ones came.
        if (changes.length > 0) this.#feed({ type: 'usersChanged', changes, at: Date.now() })
      }
    } finally {
      this.#changedMeanwhile = null
    }
  }

  #learn(users: readonly User[]): void {
    this.#feed({ type: 'users', users, at: Date.now() })
    this.#listener.known(new Set(users.map(({ name }) => name)))
  }

  #change(changes: readonly UserChange[]): void {
    this.#changedMeanwhile?.push(...changes)
    this.#feed({ type: 'usersChanged', changes, at: Date.now() })
    for (const name of changes.flatMap(({ removed }) => removed)) this.#listener.gone(name)
    if (changes.some(({ changed, removed }) => changed.length + removed.length > 0)) this.#listener.changed()
  }
}
