import { defaultGroup } from '../../../shared/limits.ts'
import { Refusal } from '../../refusal.ts'
import { type LoginChange, others, type StoredLimits, type StoredUser, type UserStore } from '../store.ts'
import { limitsIn } from '../stored-json.ts'
import { noted } from './changes.ts'
import type { Ask, Connections } from './connections.ts'

type Listed = readonly [number, string, string, boolean, number, string, number, number | null]

/** Users that are read at once: their text takes the main thread some 20 ms. */
const page = 10_000

/** Users in a table of PostgreSQL. */
export function postgresUsers(connections: Connections, node: string): UserStore {
  return {
    async list() {
      const users: StoredUser[] = []
      // Users of one text share its object: most have what many have.
      const parsed = new Map<string, StoredUser['limits']>()
      for (let last = 0, isMore = true; isMore; ) {
        const rows = await listed(connections.ask, last)
        for (const row of rows) users.push(userOf(row, parsed))
        last = rows.at(-1)?.[0] ?? last
        isMore = rows.length === page
      }
      return users
    },
    async named(name) {
      // PostgreSQL has no text with that in it, and refuses to compare with one.
      if (name.includes('\0')) return undefined
      const [row] = await connections.ask<{ given: Listed }>(
        `SELECT json_build_array(${columns}) AS given FROM proxyd.users WHERE name = $1`,
        [name],
      )
      return row && userOf(row.given, new Map())
    },
    async count(group) {
      const where = group === undefined ? '' : 'WHERE grouping = $1'
      const [row] = await connections.ask<{ count: number }>(
        `SELECT count(*) AS count FROM proxyd.users ${where}`,
        group === undefined ? [] : [group],
      )
      return row?.count ?? 0
    },
    insert: (user) =>
      noted(connections, node, async (ask, note) => {
        const [id] = await insertUsers(ask, [user])
        if (id !== undefined) await note('user', [user.name])
        return id
      }),
    update: (change) =>
      noted(connections, node, async (ask, note) => {
        const names = await changeLogins(ask, [change])
        await note('user', names)
        return names.length > 0
      }),
    setLimits: (changes) =>
      noted(connections, node, async (ask, note) => note('user', await changeLimits(ask, changes)), {
        count: changes.length,
      }),
    remove: (id) =>
      noted(
        connections,
        node,
        async (ask, note) => {
          const rows = await ask<Named>('DELETE FROM proxyd.users WHERE id = $1 RETURNING name', [id])
          for (const span of ['hour', 'day']) await ask(usageOfTheGone(span), [id])
          await note('user', namesOf(rows))
        },
        { held: ['usage of the gone'] },
      ),
  }
}

/** Of those whose names nobody has; their ids, in this order. */
export async function insertUsers(
  ask: Ask,
  users: readonly Omit<StoredUser, 'id'>[],
): Promise<readonly (number | undefined)[]> {
  const rows = await ask<Named & { id: number }>(
    `INSERT INTO proxyd.users (name, password, enabled, created, limits, grouping, revision, first_used)
    SELECT name, password, enabled, created, limits, grouping, revision, first_used
    FROM unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
      WITH ORDINALITY AS given (name, password, enabled, created, limits, grouping, revision, first_used, place)
    ORDER BY place ON CONFLICT (name) DO NOTHING RETURNING id, name`,
    valuesOf(users),
  )
  const ids = new Map(rows.map(({ name, id }) => [name, id]))
  return users.map(({ name }) => ids.get(name))
}

/** Of those who are there, and have the password that they `was`; resolves to their names. */
export async function changeLogins(ask: Ask, changes: readonly LoginChange[]): Promise<string[]> {
  const rows = await ask<Named>(
    `UPDATE proxyd.users SET password = coalesce(given.password, users.password),
      enabled = coalesce(given.enabled, users.enabled), created = coalesce(given.created, users.created)
    FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[], $5::text[])
      AS given (id, password, enabled, created, was)
    WHERE users.id = given.id AND users.password = coalesce(given.was, users.password) RETURNING name`,
    [
      changes.map(({ id }) => id),
      changes.map(({ password }) => password),
      changes.map(({ enabled }) => enabled),
      changes.map(({ created }) => created),
      changes.map(({ was }) => was),
    ],
  )
  return namesOf(rows)
}

/** Of those who are there; resolves to their names. Throws a Refusal as `UserStore.setLimits` says. */
export async function changeLimits(ask: Ask, changes: readonly StoredLimits[]): Promise<string[]> {
  const newer = await changedSince(ask, changes)
  const next = changes.map((change) => onTopOf(newer.get(change.id), change))
  await refuseRemovedGroups(ask, next)
  const rows = await ask<Named>(
    `UPDATE proxyd.users
    SET limits = given.limits, grouping = given.grouping, revision = given.revision, first_used = given.first_used
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
      AS given (id, limits, grouping, revision, first_used)
    WHERE users.id = given.id RETURNING name`,
    [
      next.map(({ id }) => id),
      next.map(({ limits }) => JSON.stringify(limits)),
      next.map(groupOf),
      next.map(({ revision }) => revision),
      next.map(({ firstUsed }) => firstUsed),
    ],
  )
  return namesOf(rows)
}

/** Whoever is in one already stays there. Those who are new have no id. Throws a Refusal. */
export async function refuseRemovedGroups(
  ask: Ask,
  users: readonly (Pick<StoredUser, 'limits'> & { readonly id?: number })[],
): Promise<void> {
  const inOne = users.filter((user) => groupOf(user) !== defaultGroup)
  if (inOne.length === 0) return
  const [removed] = await ask<Named>(
    `SELECT given.grouping AS name FROM unnest($1::bigint[], $2::text[]) AS given (id, grouping)
    LEFT JOIN proxyd.users ON users.id = given.id
    WHERE users.grouping IS DISTINCT FROM given.grouping
      AND NOT EXISTS (SELECT FROM proxyd.groups WHERE groups.name = given.grouping) LIMIT 1`,
    [inOne.map(({ id }) => id), inOne.map(groupOf)],
  )
  if (removed)
    throw new Refusal(
      'conflict',
      `another node has removed the group ${JSON.stringify(removed.name)}: name another one`,
    )
}

type Newer = Pick<StoredUser, 'id' | 'name' | 'revision' | 'firstUsed'> & { readonly limits: string }

/** Of users whose limits others have changed since these changes were made, what they have; by id. */
async function changedSince(ask: Ask, changes: readonly StoredLimits[]): Promise<Map<number, Newer>> {
  const rows = await ask<Newer>(
    `SELECT id, name, users.revision, users.limits, first_used AS "firstUsed"
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) AS given (id, limits, revision, was)
    JOIN proxyd.users USING (id)
    WHERE users.revision <> given.was AND (users.revision <> given.revision OR users.limits <> given.limits)`,
    [
      changes.map(({ id }) => id),
      changes.map(({ limits }) => JSON.stringify(limits)),
      changes.map(({ revision }) => revision),
      changes.map(({ was }) => was ?? null),
    ],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

function onTopOf(newer: Newer | undefined, change: StoredLimits): StoredLimits {
  if (!newer) return change
  const { limits, revision } = rebased(`the limits of ${JSON.stringify(newer.name)}`, newer, change)
  const firstUsed = change.fields?.includes('expires') ? change.firstUsed : (newer.firstUsed ?? change.firstUsed)
  return { id: change.id, limits, revision, firstUsed }
}

/** A change of limits, on top of those that others have stored meanwhile. Throws a Refusal, `conflict`, if it cannot be. */
export function rebased(
  what: string,
  newer: { readonly limits: string; readonly revision: number },
  { limits, revision, fields }: Pick<StoredLimits, 'limits' | 'revision' | 'fields'>,
): Pick<StoredLimits, 'limits' | 'revision'> {
  if (fields === undefined) throw changedElsewhere(what, newer.revision)
  const rest = Object.entries(limitsIn(newer.limits)).filter(([name]) => !fields.includes(name))
  const changed = Object.entries(limits).filter(([name]) => fields.includes(name))
  // Whoever builds on either of both is to hear that it is not all.
  return { limits: Object.fromEntries([...rest, ...changed]), revision: Math.max(newer.revision, revision) + 1 }
}

export function changedElsewhere(what: string, revision: number): Refusal {
  const text = `another node has changed ${what} meanwhile: get them again and see whether the change still fits`
  return new Refusal('conflict', text, { revision })
}

interface Named {
  readonly name: string
}

const columns = ['id', 'name', 'password', 'enabled', 'created', 'limits', 'revision', 'first_used'].join()

/** As one text: V8 is done with that in a third of the time that rows take. */
async function listed(ask: Ask, last: number): Promise<readonly Listed[]> {
  const [row] = await ask<{ users: string | null }>(
    `SELECT json_agg(json_build_array(${columns}))::text AS users
    FROM (SELECT * FROM proxyd.users WHERE id > $1 ORDER BY id LIMIT ${page}) AS users`,
    [last],
  )
  return JSON.parse(row?.users ?? '[]')
}

function userOf(
  [id, name, password, enabled, created, text, revision, firstUsed]: Listed,
  parsed: Map<string, StoredUser['limits']>,
): StoredUser {
  const limits = parsed.get(text) ?? limitsIn(text)
  parsed.set(text, limits)
  return { id, name, password, enabled, created, limits, revision, firstUsed }
}

function valuesOf(users: readonly Omit<StoredUser, 'id'>[]): unknown[] {
  return [
    users.map(({ name }) => name),
    users.map(({ password }) => password),
    users.map(({ enabled }) => enabled),
    users.map(({ created }) => created),
    users.map(({ limits }) => JSON.stringify(limits)),
    users.map(groupOf),
    users.map(({ revision }) => revision),
    users.map(({ firstUsed }) => firstUsed),
  ]
}

function groupOf({ limits: { group } }: Pick<StoredUser, 'limits'>): string {
  return typeof group === 'string' ? group : defaultGroup
}

function namesOf(rows: readonly Named[]): string[] {
  return rows.map(({ name }) => name)
}

/** What a user who is gone has moved in hours or days is that of `others`. */
function usageOfTheGone(span: string): string {
  return `WITH gone AS (DELETE FROM proxyd.usage_${span}s WHERE user_id = $1 RETURNING *)
    INSERT INTO proxyd.usage_${span}s AS stored (user_id, ${span}, up, down, connections)
    SELECT ${others}, ${span}, up, down, connections FROM gone
    ON CONFLICT (${span}, user_id) DO UPDATE SET up = stored.up + excluded.up,
      down = stored.down + excluded.down, connections = stored.connections + excluded.connections`
}
