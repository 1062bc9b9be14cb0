import { Refusal } from '../../refusal.ts'
import type { ImportStore } from '../store.ts'
import { noted } from './changes.ts'
import type { Connections } from './connections.ts'
import { putGroups } from './groups.ts'
import { insertUsage } from './usage.ts'
import { insertUsers, updateUsers } from './users.ts'

/** Users and groups that come from elsewhere, in one transaction. */
export function postgresImports(connections: Connections, node: string): ImportStore {
  return {
    save: ({ groups, added, changed }) =>
      noted(
        connections,
        node,
        async (ask, note) => {
          await putGroups(ask, groups)
          const names = await updateUsers(ask, changed)
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
        { count: added.length + changed.length },
      ),
  }
}
