import type { EventParams, User } from '../../shared/protocol/methods.ts'
import type { CallOptions, Client } from './client.ts'
import { type FollowedTable, followTable, type TableListener } from './follow-table.ts'

/** What changed since the event before: `moved` has new numbers as [name, connections, up, down, sources, used, refused]. */
export type UserChange = Pick<EventParams<'users.changed'>, 'changed' | 'moved' | 'removed'>

/** Hears of the users: all of them, and what changed since, which `changeUsers` carries out. */
export type UserListener = TableListener<User, UserChange>

/** Carry out changes on users by name. */
export function changeUsers(users: Map<string, User>, changes: readonly UserChange[]): void {
  for (const { changed, moved, removed } of changes) {
    for (const user of changed) users.set(user.name, user)
    for (const [name, connections, up, down, sources, used, refused] of moved) {
      const user = users.get(name)
      if (user) users.set(name, { ...user, connections, up, down, use: { ...user.use, sources, used, refused } })
    }
    for (const name of removed) users.delete(name)
  }
}

/** Follow the users until `client` ends or the signal aborts. Follow once at a time. Rejects as `Client.call` does. */
export async function followUsers(client: Client, listener: UserListener, options: CallOptions = {}): Promise<void> {
  await followTable(users, client, listener, options)
}

const users: FollowedTable<User, UserChange> = {
  subscribe: 'users.subscribe',
  unsubscribe: 'users.unsubscribe',
  listen: (client, ears) => [
    client.on('users.resync', ({ seq }) => ears.resync(seq)),
    client.on('users.snapshot', ({ seq, users, last }) => ears.page(seq, users, last)),
    client.on('users.changed', (change) => ears.changed(change.seq, change)),
  ],
}
