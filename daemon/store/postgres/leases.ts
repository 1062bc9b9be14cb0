import { grant, type Stake, stakeOf } from '../lease-shares.ts'
import { type Lease, type LeaseAsk, type LeaseStore, leaseAskPeriod, leaseTime, type StoredUsage } from '../store.ts'
import type { Ask, Connections } from './connections.ts'

/** Users of one transaction: so many others wait for it at most. */
const batch = 200
/** Milliseconds without an ask that mean that a node could not. */
const silence = 3 * leaseAskPeriod
/** What nobody has asked for again by then, nobody has. */
const kept = '1 day'

interface StakeRow extends Stake {
  readonly user: number
  readonly node: string
}

/** Leases in a table of PostgreSQL; whoever asks for a user has the user to itself until it is answered. */
export function postgresLeases(connections: Connections, node: string): LeaseStore {
  const { ask } = connections
  return {
    async refresh(asks) {
      await noteAsk(ask, node)
      const inOrder = asks.toSorted((a, b) => a.user - b.user)
      const leases: Lease[] = []
      for (let at = 0; at < inOrder.length; at += batch) {
        const some = inOrder.slice(at, at + batch)
        leases.push(...(await connections.change([], (ask) => deal(ask, node, some))))
      }
      return leases
    },
    async release(users) {
      await ask('DELETE FROM proxyd.leases WHERE node = $1 AND user_id = ANY ($2::bigint[])', [node, users])
    },
    totals: (users) =>
      ask<StoredUsage>(
        `SELECT user_id AS "user", up, down, mark, marked FROM proxyd.usage WHERE user_id = ANY ($1::bigint[])`,
        [users],
      ),
  }
}

/**
 * That this node has asked. If it could not for a while, leases that ended since then hold again for a while: others may have
 * gone on with theirs, too.
 */
async function noteAsk(ask: Ask, node: string): Promise<void> {
  await ask(
    `WITH before AS (SELECT asked FROM proxyd.lease_asks WHERE node = $1),
    told AS (
      INSERT INTO proxyd.lease_asks VALUES ($1, now())
      ON CONFLICT (node) DO UPDATE SET asked = excluded.asked
    ), gone AS (
      DELETE FROM proxyd.leases WHERE node = $1 AND until < now() - interval '${kept}'
    )
    INSERT INTO proxyd.lease_outage AS known (one, since, until)
    SELECT true, asked, now() + interval '${leaseTime} ms' FROM before WHERE asked < now() - interval '${silence} ms'
    ON CONFLICT (one) DO UPDATE SET
      since = CASE WHEN known.until > now() THEN least(known.since, excluded.since) ELSE excluded.since END,
      until = excluded.until`,
    [node],
  )
}

async function deal(ask: Ask, node: string, asks: readonly LeaseAsk[]): Promise<Lease[]> {
  const users = asks.map(({ user }) => user)
  // In one order, so that no two nodes wait for each other. What this one sees behind it is what those did who came before.
  await ask(
    `SELECT pg_advisory_xact_lock(8391, place) FROM (
      SELECT DISTINCT (id % 1024)::integer AS place FROM unnest($1::bigint[]) AS id ORDER BY place
    ) AS places`,
    [users],
  )
  const [stakes, used] = [await stakesOf(ask, users), await usedBy(ask, users)]
  const leases = asks.flatMap((one) => {
    const spent = used.get(one.user)
    if (spent === undefined) return []
    const all = stakes.get(one.user) ?? []
    const others = all.filter((stake) => stake.node !== node)
    const before = all.find((stake) => stake.node === node)
    return [{ one, lease: grant(one, before, others, spent) }]
  })
  const rows = leases.map(({ one, lease }) => ({ user: one.user, ...stakeOf(one, lease) }))
  const column = <Name extends keyof (typeof rows)[number]>(name: Name) => rows.map((row) => row[name])
  await ask(
    `INSERT INTO proxyd.leases (node, until, user_id, bytes, slots, wants_slots, live, wants_up, wants_down)
    SELECT $1, now() + interval '${leaseTime} ms', given.* FROM unnest(
      $2::bigint[], $3::bigint[], $4::integer[], $5::integer[], $6::integer[], $7::float8[], $8::float8[]
    ) AS given
    ON CONFLICT (user_id, node) DO UPDATE SET
      until = excluded.until, bytes = excluded.bytes, slots = excluded.slots, wants_slots = excluded.wants_slots,
      live = excluded.live, wants_up = excluded.wants_up, wants_down = excluded.wants_down`,
    [
      node,
      ...(['user', 'bytes', 'slots', 'wantsSlots', 'live', 'wantsUp', 'wantsDown'] as const).map((name) =>
        column(name),
      ),
    ],
  )
  return leases.map(({ lease }) => lease)
}

/** By user, what nodes have: leases that hold, and those that ended while the store was away, for as long as that may be so. */
async function stakesOf(ask: Ask, users: readonly number[]): Promise<Map<number, StakeRow[]>> {
  const rows = await ask<StakeRow>(
    `SELECT user_id AS "user", node, bytes, slots, wants_slots AS "wantsSlots", live,
      wants_up AS "wantsUp", wants_down AS "wantsDown"
    FROM proxyd.leases WHERE user_id = ANY ($1::bigint[]) AND (
      until > now() OR until > (SELECT since FROM proxyd.lease_outage WHERE lease_outage.until > now())
    )`,
    [users],
  )
  return Map.groupBy(rows, ({ user }) => user)
}

/** Bytes since the mark, of each user who is there. */
async function usedBy(ask: Ask, users: readonly number[]): Promise<Map<number, number>> {
  const rows = await ask<{ user: number; used: number }>(
    `SELECT users.id AS "user", coalesce(up + down - mark, 0) AS used
    FROM proxyd.users LEFT JOIN proxyd.usage ON usage.user_id = users.id WHERE users.id = ANY ($1::bigint[])`,
    [users],
  )
  return new Map(rows.map(({ user, used }) => [user, used]))
}
