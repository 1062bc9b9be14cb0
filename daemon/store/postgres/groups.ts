import type { GroupStore, StoredGroup } from '../store.ts'
import { limitsIn } from '../stored-json.ts'
import { noted } from './changes.ts'
import type { Ask, Connections } from './connections.ts'

/** Groups of users in a table of PostgreSQL. */
export function postgresGroups(connections: Connections, node: string): GroupStore {
  return {
    async list() {
      const rows = await connections.ask<Omit<StoredGroup, 'limits'> & { limits: string }>(
        'SELECT name, limits, revision FROM proxyd.groups',
      )
      return rows.map((row) => ({ ...row, limits: limitsIn(row.limits) }))
    },
    put: (group) =>
      noted(connections, node, async (ask, note) => {
        await putGroups(ask, [group])
        await note('group', [group.name])
      }),
    remove: (name) =>
      noted(connections, node, async (ask, note) => {
        const rows = await ask('DELETE FROM proxyd.groups WHERE name = $1 RETURNING name', [name])
        if (rows.length > 0) await note('group', [name])
      }),
  }
}

export async function putGroups(ask: Ask, groups: readonly StoredGroup[]): Promise<void> {
  await ask(
    `INSERT INTO proxyd.groups (name, limits, revision) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
    ON CONFLICT (name) DO UPDATE SET limits = excluded.limits, revision = excluded.revision`,
    [
      groups.map(({ name }) => name),
      groups.map(({ limits }) => JSON.stringify(limits)),
      groups.map(({ revision }) => revision),
    ],
  )
}
