import { Refusal } from '../../refusal.ts'
import type { BuiltOn, GroupStore, StoredGroup } from '../store.ts'
import { limitsIn } from '../stored-json.ts'
import { noted } from './changes.ts'
import type { Ask, Connections } from './connections.ts'
import { changedElsewhere, rebased } from './users.ts'

/** Groups of users in a table of PostgreSQL. */
export function postgresGroups(connections: Connections, node: string): GroupStore {
  return {
    async list() {
      const rows = await connections.ask<Omit<StoredGroup, 'limits'> & { limits: string }>(
        'SELECT name, limits, revision FROM proxyd.groups',
      )
      return rows.map((row) => ({ ...row, limits: limitsIn(row.limits) }))
    },
    put: (group, from = {}) =>
      noted(connections, node, async (ask, note) => {
        await putGroups(ask, [await onTopOfOthers(ask, group, from)])
        await note('group', [group.name])
      }),
    remove: (name) =>
      noted(connections, node, async (ask, note) => {
        const [member] = await ask('SELECT FROM proxyd.users WHERE grouping = $1 LIMIT 1', [name])
        if (member)
          throw new Refusal('conflict', `another node has put users into ${called(name)}: give them another first`)
        const rows = await ask('DELETE FROM proxyd.groups WHERE name = $1 RETURNING name', [name])
        if (rows.length > 0) await note('group', [name])
      }),
  }
}

/** The group as it is to be, with what others have changed of it since the revision that it was made from. Throws a Refusal. */
export async function onTopOfOthers(ask: Ask, group: StoredGroup, { was, fields }: BuiltOn): Promise<StoredGroup> {
  if (was === undefined) return group
  const { name, limits, revision } = group
  const [stored] = await ask<{ limits: string; revision: number }>(
    'SELECT limits, revision FROM proxyd.groups WHERE name = $1',
    [name],
  )
  if ((stored?.revision ?? 0) === was) return group
  // Not known to have been stored, it is stored again.
  if (stored?.revision === revision && stored.limits === JSON.stringify(limits)) return group
  if (!stored) throw changedElsewhere(called(name), 0)
  return { name, ...rebased(called(name), stored, { limits, revision, fields }) }
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

function called(name: string): string {
  return `the group ${JSON.stringify(name)}`
}
