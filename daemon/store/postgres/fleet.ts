import * as z from 'zod'
import { type ErrorKind, errorCodes } from '../../../shared/protocol/errors.ts'
import { roles } from '../../../shared/protocol/vocabulary.ts'
import type { ChangeMark, FleetStore, StoredAnswer, StoredChange, StoredNode } from '../store.ts'
import { clock, made } from './changes.ts'
import type { Connections } from './connections.ts'
import { postgresLeases } from './leases.ts'

const amount = z.number().nonnegative()
const nodeShape = z.object({
  name: z.string(),
  version: z.string(),
  started: amount.int(),
  state: z.enum(['serves', 'drains', 'ended']),
  socks: z.array(z.string()),
  control: z.array(z.string()),
  connections: amount.int(),
  up: amount,
  down: amount,
  cpu: amount,
})

/** What stands for a node that told what cannot be read: it is not there, and can be forgotten by its name. */
const unreadable: Omit<StoredNode, 'name' | 'state'> & { readonly state: 'gone' } = {
  ...{ version: '', started: 0, state: 'gone', socks: [], control: [], connections: 0, up: 0, down: 0, cpu: 0 },
}

const orderShape = z.object({
  from: z.string(),
  by: z.string(),
  role: z.enum(roles).exclude(['anyone']),
  method: z.string(),
  params: z.record(z.string(), z.unknown()),
})

const answerShape = z.union([
  z.object({ result: z.record(z.string(), z.unknown()) }),
  z.object({ refusal: z.object({ kind: z.enum(Object.keys(errorCodes) as ErrorKind[]), message: z.string() }) }),
])

/** What a node told; undefined if it cannot be read, such as of a version that told otherwise. */
function readAs<Shape extends z.ZodType>(shape: Shape, told: string): z.output<Shape> | undefined {
  try {
    return shape.parse(JSON.parse(told))
  } catch {
    return undefined
  }
}

/** Changes that are read at once. */
const page = 1_000
/** Orders that are taken at once. */
const mostTaken = 100
/** An order that was not taken for so long is nobody's any more: who has given it waits for five seconds, and withdraws it if the store is there. */
const orderGood = '6 seconds'
/** Nobody asks for an answer that is as old as this. */
const orderKept = '1 hour'

/** What the nodes of a fleet tell each other, in tables of PostgreSQL. */
export function postgresFleet(connections: Connections, node: string): FleetStore {
  const { ask } = connections
  return {
    node,
    leases: postgresLeases(connections, node),
    async lastChange() {
      const [last] = await ask<ChangeMark>(`SELECT seq, ${made} FROM proxyd.change ORDER BY seq DESC LIMIT 1`)
      return last ?? { seq: 0, made: 0 }
    },
    async changesSince(mark) {
      // Those that were made by now are there, unless the store has lost them.
      const own = connections.ownChanges.filter(({ seq }) => seq > mark.seq)
      connections.ownChanges = own
      const expected = [...own]
      const rows = await ask<Omit<StoredChange, 'isOwn'>>(
        `SELECT seq, ${made}, kind, key, node FROM proxyd.change WHERE seq >= $1 ORDER BY seq LIMIT ${page + 1}`,
        [mark.seq],
      )
      const times = new Map(rows.map(({ seq, made }) => [seq, made]))
      const end = rows.length > page ? (rows.at(-1)?.seq ?? 0) : Number.POSITIVE_INFINITY
      const isThere =
        mark.seq === 0 ? (rows[0]?.seq ?? 1) === 1 : rows[0]?.seq === mark.seq && rows[0].made === mark.made
      if (!isThere || expected.some(({ seq, made }) => seq <= end && times.get(seq) !== made)) {
        connections.ownChanges = []
        await connections.recognize()
        return undefined
      }
      const ownTimes = new Map(own.map(({ seq, made }) => [seq, made]))
      const behind = rows.filter(({ seq }) => seq > mark.seq).slice(0, page)
      return behind.map((row) => ({ ...row, isOwn: ownTimes.get(row.seq) === row.made }))
    },
    async beat(told) {
      const [row] = await ask<{ before: string | null; clock: number }>(
        `WITH before AS (SELECT told FROM proxyd.nodes WHERE name = $1)
        INSERT INTO proxyd.nodes (name, told, heard) VALUES ($1, $2, clock_timestamp())
        ON CONFLICT (name) DO UPDATE SET told = excluded.told, heard = excluded.heard
        RETURNING (SELECT told FROM before) AS before, ${clock} AS clock`,
        [told.name, JSON.stringify(told)],
      )
      return { before: row.before === null ? undefined : readAs(nodeShape, row.before), clock: row.clock }
    },
    async nodes() {
      const rows = await ask<{ name: string; told: string; age: number }>(
        `SELECT name, told, floor(extract(epoch FROM clock_timestamp() - heard) * 1000)::bigint AS age
        FROM proxyd.nodes ORDER BY name`,
      )
      return rows.map(({ name, told, age }) => ({
        ...(readAs(nodeShape, told) ?? unreadable),
        name,
        age: Math.max(0, age),
      }))
    },
    async forget(name) {
      await ask(
        `WITH nodes AS (DELETE FROM proxyd.nodes WHERE name = $1),
          known AS (DELETE FROM proxyd.known_sources WHERE node = $1),
          asks AS (DELETE FROM proxyd.lease_asks WHERE node = $1)
        DELETE FROM proxyd.leases WHERE node = $1 AND until < now()`,
        [name],
      )
    },
    order: (orders) =>
      connections.change([], async (ask) => {
        await ask(`DELETE FROM proxyd.orders WHERE given < now() - interval '${orderKept}'`)
        const rows = await ask<{ id: number }>(
          `INSERT INTO proxyd.orders (node, told)
          SELECT node, told FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given (node, told, place)
          ORDER BY place RETURNING id`,
          [
            orders.map(({ to }) => to),
            orders.map(({ by, role, method, params }) => JSON.stringify({ from: node, by, role, method, params })),
          ],
        )
        return rows.map(({ id }) => id).sort((one, other) => one - other)
      }),
    async takeOrders() {
      const rows = await ask<{ id: number; told: string }>(
        `UPDATE proxyd.orders SET taken = true
        WHERE NOT taken AND id IN (
          SELECT id FROM proxyd.orders WHERE node = $1 AND NOT taken AND given > now() - interval '${orderGood}'
          ORDER BY id LIMIT ${mostTaken} FOR UPDATE SKIP LOCKED
        ) RETURNING id, told`,
        [node],
      )
      const orders = rows.map(({ id, told }) => {
        const order = readAs(orderShape, told)
        return order ? { ...order, id, to: node } : { id, from: undefined }
      })
      return orders.sort((one, other) => one.id - other.id)
    },
    async answer(order, answer) {
      await ask('UPDATE proxyd.orders SET answer = $2 WHERE id = $1', [order, JSON.stringify(answer)])
    },
    async withdraw(orders) {
      await ask('DELETE FROM proxyd.orders WHERE id = ANY ($1) AND NOT taken', [orders])
    },
    async answers(orders) {
      const rows = await ask<{ id: number; answer: string }>(
        'SELECT id, answer FROM proxyd.orders WHERE id = ANY ($1) AND answer IS NOT NULL',
        [orders],
      )
      return new Map(
        rows.map(({ id, answer }): [number, StoredAnswer | undefined] => [id, readAs(answerShape, answer)]),
      )
    },
  }
}
