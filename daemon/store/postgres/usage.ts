import {
  noLogin,
  others,
  type StoredUsage,
  type UsageBatch,
  type UsageRow,
  type UsageStore,
  type UsageWish,
  usageCells,
  usageWidth,
} from '../store.ts'
import { spanOf, usageSpans } from '../usage-spans.ts'
import { ahead, clock } from './changes.ts'
import type { Ask, Connections } from './connections.ts'

/** Whoever has not told a batch again by then does not come with it any more. */
const batchesKept = '7 days'
/** Rows that are read at once. */
const page = 10_000

/** What users have moved on all nodes, in tables of PostgreSQL. */
export function postgresUsage(connections: Connections, node: string): UsageStore {
  return {
    async list() {
      const usages: StoredUsage[] = []
      for (let last = 0, isMore = true; isMore; ) {
        const [row] = await connections.ask<{ usages: string | null }>(
          `SELECT json_agg(json_build_array(user_id, up, down, mark, marked))::text AS usages
          FROM (SELECT * FROM proxyd.usage WHERE user_id > $1 ORDER BY user_id LIMIT ${page}) AS usages`,
          [last],
        )
        const rows: readonly (readonly number[])[] = JSON.parse(row?.usages ?? '[]')
        for (const [user = 0, up = 0, down = 0, mark = 0, marked = 0] of rows)
          usages.push({ user, up, down, mark, marked })
        last = usages.at(-1)?.user ?? last
        isMore = rows.length === page
      }
      return usages
    },
    save: (batch) =>
      connections.change(['usage'], async (ask) => {
        const now = await noteBatch(ask, node, batch)
        if (now !== undefined) await add(ask, batch, now)
      }),
    read: (wish) => read(connections.ask, wish),
  }
}

/** Of users who are new. */
export async function insertUsage(ask: Ask, usages: readonly StoredUsage[]): Promise<void> {
  if (usages.length === 0) return
  const column = (name: keyof StoredUsage) => usages.map((usage) => usage[name])
  await ask(
    `INSERT INTO proxyd.usage (user_id, up, down, mark, marked, last_up, last_down)
    SELECT given.*, 0, 0 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS given`,
    [column('user'), column('up'), column('down'), column('mark'), column('marked')],
  )
}

/** When it is, by the server's clock, if it is stored now for the first time. */
async function noteBatch(ask: Ask, node: string, { run, number }: UsageBatch): Promise<number | undefined> {
  const rows = await ask<{ isFirst: boolean; now: number }>(
    `INSERT INTO proxyd.usage_batch AS stored (node, run, number, stored) VALUES ($1, $2, $3, now())
    ON CONFLICT (node, run) DO UPDATE SET number = excluded.number, stored = excluded.stored
      WHERE stored.number < excluded.number
    RETURNING xmax = 0 AS "isFirst", ${clock} AS now`,
    [node, run, number],
  )
  if (rows[0]?.isFirst) await ask(`DELETE FROM proxyd.usage_batch WHERE stored < now() - interval '${batchesKept}'`)
  return rows[0]?.now
}

/** In the order of the users, as every node does: two of them never wait for each other. */
async function add(ask: Ask, { time: told, rows }: UsageBatch, now: number): Promise<void> {
  // Of a node whose clock is ahead nothing is later than now: else it would end cycles of quotas, and forget hours and days, for all nodes.
  const time = Math.min(told, now)
  const places = Array.from({ length: rows.length / usageWidth }, (_, i) => i * usageWidth)
  const column = (name: keyof typeof usageCells) => places.map((at) => rows[at + usageCells[name]])
  const marked = column('marked').map((moment) => (moment > now + ahead ? 0 : moment))
  const [users, moreUp, moreDown] = [column('user'), column('moreUp'), column('moreDown')]
  await ask(
    `INSERT INTO proxyd.usage AS stored (user_id, up, down, mark, marked, last_up, last_down)
    SELECT given.* FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
      AS given (user_id, up, down, mark, marked, more_up, more_down)
    JOIN proxyd.users ON users.id = given.user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET
      up = stored.up + excluded.last_up,
      down = stored.down + excluded.last_down,
      last_up = excluded.last_up,
      last_down = excluded.last_down,
      marked = greatest(stored.marked, excluded.marked),
      mark = CASE WHEN excluded.marked <= stored.marked THEN stored.mark
        ELSE stored.up + excluded.last_up + stored.down + excluded.last_down
          - least(excluded.last_up + excluded.last_down, greatest(0, excluded.up + excluded.down - excluded.mark)) END`,
    [users, column('up'), column('down'), column('mark'), marked, moreUp, moreDown],
  )
  const connections = column('moreConnections')
  for (const [span, { length, kept }] of Object.entries(usageSpans)) {
    const present = Math.floor(time / length)
    await ask(
      `INSERT INTO proxyd.usage_${span}s AS stored (user_id, ${span}, up, down, connections)
      SELECT whose, $5, sum(up), sum(down), sum(connections) FROM (
        SELECT CASE WHEN user_id = ${noLogin} OR users.id IS NOT NULL THEN user_id ELSE ${others} END AS whose,
          up, down, connections
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS given (user_id, up, down, connections)
        LEFT JOIN proxyd.users ON users.id = user_id WHERE up > 0 OR down > 0 OR connections > 0) AS given
      GROUP BY whose ORDER BY whose
      ON CONFLICT (${span}, user_id) DO UPDATE SET up = stored.up + excluded.up,
        down = stored.down + excluded.down, connections = stored.connections + excluded.connections`,
      [users, moreUp, moreDown, connections, present],
    )
    await ask(`DELETE FROM proxyd.usage_${span}s WHERE ${span} < $1`, [present - kept])
  }
}

function read(ask: Ask, { user, offset, limit, ...wish }: UsageWish): Promise<UsageRow[]> {
  const { by } = wish
  const { span, length, first, end } = spanOf(wish)
  const key = { hour: 'hour', day: 'day', user: 'user_id', group: 'grouping' }[by]
  const isByTime = by === 'hour' || by === 'day'
  return ask<UsageRow>(
    `SELECT ${isByTime ? `${by}::bigint * ${length}` : 'NULL::bigint'} AS start,
      ${by === 'user' ? 'user_id' : 'NULL::bigint'} AS user, ${by === 'user' ? 'min(name)' : 'NULL'} AS name,
      ${by === 'group' ? 'grouping' : 'NULL'} AS "group",
      sum(up)::bigint AS up, sum(down)::bigint AS down, sum(connections)::bigint AS connections
    FROM proxyd.usage_${span}s LEFT JOIN proxyd.users ON users.id = user_id
    WHERE ${span} >= $1 AND ${span} < $2 AND ($3::bigint IS NULL OR user_id = $3)
    GROUP BY ${key} ORDER BY ${isByTime ? key : `sum(up) + sum(down) DESC, ${key} NULLS FIRST`}
    LIMIT $4 OFFSET $5`,
    [first, Math.min(2 ** 31 - 1, end), user ?? null, limit, offset],
  )
}
