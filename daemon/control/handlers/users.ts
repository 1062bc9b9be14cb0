import { limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { eventLine, firstThatFit, sharedEvent } from '../../../shared/protocol/message.ts'
import type { User } from '../../../shared/protocol/methods.ts'
import type { UserChanges } from '../../observe/users.ts'
import type { Backend, UserTable } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { type FeedLimits, type TableEvents, TableFeed } from '../table-feed.ts'
import { askNodes, silentOf } from './nodes.ts'

const events: TableEvents<User, UserChanges> = {
  snapshot: (seq, users, last) => eventLine('users.snapshot', { seq, users, last }),
  length: ({ changed, moved, removed }) => Math.max(changed.length, moved.length, removed.length),
  changed: ({ changed, moved, removed }, cut) =>
    sharedEvent('users.changed', { changed: cut(changed), moved: cut(moved), removed: cut(removed) }),
  resync: (seq) => eventLine('users.resync', { seq }),
}

/** The users of the proxy: listed, followed, changed. */
export function userHandlers(
  { users, limits, userTable: table, fleet }: Pick<Backend, 'users' | 'limits' | 'userTable' | 'fleet'>,
  feedLimits: FeedLimits,
): HandlersOf<'users'> {
  const feed = new TableFeed(table, events, feedLimits)
  return {
    'users.list': ({ cursor, limit = protocolLimits.page }) => pageOf(table, limit, cursor),
    'users.subscribe': (_, session) => {
      session.subscribe('users', (outlet) => feed.follow(outlet))
      return {}
    },
    'users.unsubscribe': (_, session) => {
      session.unsubscribe('users')
      return {}
    },
    'users.add': async ({ name, password }) => {
      await users.add(name, password)
      return {}
    },
    'users.restore': async ({ name }) => {
      await users.restore(name)
      return {}
    },
    'users.remove': ({ name }) => users.remove(name),
    'users.setPassword': ({ name, password }) => users.setPassword(name, password),
    'users.setEnabled': ({ name, enabled }) => users.setEnabled(name, enabled),
    'users.set': (change) => limits.set(change),
    'users.resetQuota': (whose) => limits.resetQuota(whose),
    'users.cut': async ({ name }, { identity }) => {
      const cut = await users.cut(name)
      if (!fleet || identity.node !== undefined) return { cut }
      const answers = await askNodes(fleet, 'others', 'users.cut', { name }, identity)
      const elsewhere = answers.map(([, answer]) => answer?.cut ?? 0)
      const silent = silentOf(answers)
      return { cut: elsewhere.reduce((sum, each) => sum + each, cut), ...(silent.length > 0 && { silent }) }
    },
  }
}

/** The cursor is the last name of the page, so that who comes and goes meanwhile neither repeats nor hides the others. */
function pageOf(table: UserTable, limit: number, cursor?: string): { users: User[]; next?: string | undefined } {
  const rows = table.page(limit + 1, cursor)
  const users = firstThatFit(rows.slice(0, limit), protocolLimits.line)
  return rows.length > users.length ? { users, next: users.at(-1)?.name } : { users }
}
