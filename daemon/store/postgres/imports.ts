import { Refusal } from '../../refusal.ts'
import type { ImportStore } from '../store.ts'
import { noted } from './changes.ts'
import type { Connections } from './connections.ts'
import { onTopOfOthers, putGroups } from './groups.ts'
import { insertUsage } from './usage.ts'
import { changeLimits, changeLogins, insertUsers, refuseRemovedGroups } from './users.ts'

/** Users and groups that come from elsewhere, in one transaction. */
export function postgresImports(connections: Connections, node: string): ImportStore {
  return {
    save: ({ groups, added, logins, limits }) =>
      noted(
        connections,
        node,
        async (ask, note) => {
          for (const { was, ...group } of groups) await putGroups(ask, [await onTopOfOthers(ask, group, { was })])
          await refuseRemovedGroups(ask, added)
          const names = new Set([...(await changeLogins(ask, logins)), ...(await changeLimits(ask, limits))])
          if (names.size < new Set([...logins, ...limits].map(({ id }) => id)).size)
            throw new Refusal('conflict', 'another node has removed some of these users meanwhile: try again')
          const ids = await insertUsers(ask, added)
          const taken = added.find((_, i) => ids[i] === undefined)
          if (taken)
            throw new Refusal(
              'conflict',
              `another node has added user ${JSON.stringify(taken.name)} meanwhile: try again`,
            )
          await insertUsage(
            ask,
            added.flatMap(({ used }, i) => (used ? { user: ids[i] as number, ...used } : [])),
          )
          await note(
            'group',
            groups.map(({ name }) => name),
          )
          await note('user', [...names, ...added.map(({ name }) => name)])
          return ids as number[]
        },
        { count: added.length + logins.length + limits.length },
      ),
  }
}
