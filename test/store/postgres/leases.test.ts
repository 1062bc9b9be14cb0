import { describe, expect, it, onTestFinished } from 'vitest'
import { noLimits } from '../../../daemon/access/accounts.ts'
import { Connections } from '../../../daemon/store/postgres/connections.ts'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
import type { FleetStore, LeaseAsk, Store } from '../../../daemon/store/store.ts'
import { eventually } from '../../helpers/eventually.ts'
import { hasPostgres, placeOf, usePostgres } from '../../helpers/postgres.ts'

const MiB = 2 ** 20
const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 1, ...noLimits }
const unlimited = { quota: undefined, maxConnections: undefined, rateUp: undefined, rateDown: undefined }

describe.skipIf(!hasPostgres)('leases that nodes have of a PostgreSQL', () => {
  const server = usePostgres()

  async function fleet(...names: string[]) {
    const database = await server.newDatabase()
    const place = placeOf(server.place(database))
    const stores = await Promise.all(names.map((node) => openPostgresStore({ place, password: async () => '', node })))
    onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
    const nodes = stores as (Store & { readonly fleet: FleetStore })[]
    const user = (await nodes[0]?.users.insert(bob)) ?? 0
    const leases = nodes.map(({ fleet }) => fleet.leases)
    const ask = (more: Partial<LeaseAsk>): LeaseAsk => {
      return {
        user,
        limits: unlimited,
        unused: 0,
        wantsBytes: 0,
        live: 0,
        wantsSlots: 0,
        wantsUp: 0,
        wantsDown: 0,
        ...more,
      }
    }
    return { database, user, leases, ask, stores: nodes }
  }

  it('are dealt out to those that ask at once, and never more than there is', async () => {
    const { leases, ask } = await fleet('a', 'b', 'c')
    const limits = { ...unlimited, maxConnections: 20, quota: 30 * MiB }
    const held = leases.map(() => ({ live: 0, bytes: 0 }))
    for (let round = 0; round < 6; round++) {
      await Promise.all(
        leases.map(async (store, i) => {
          const own = held[i] as { live: number; bytes: number }
          const wants = { wantsSlots: 15, wantsBytes: 8 * MiB }
          const [lease] = await store.refresh([ask({ limits, live: own.live, unused: own.bytes, ...wants })])
          own.live = Math.max(own.live, lease?.slots ?? 0)
          own.bytes = lease?.bytes ?? 0
        }),
      )
    }
    expect(held.reduce((sum, { live }) => sum + live, 0)).toBe(20)
    expect(held.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(30 * MiB)
    for (const { live, bytes } of held) expect([live > 0, bytes > 0]).toEqual([true, true])
  })

  it('count what is stored as used, and share rates by what others want', async () => {
    const { leases, ask, stores, user } = await fleet('a', 'b')
    const [a, b] = leases
    const usage = [user, 3 * MiB, 5 * MiB, MiB, 7, 3 * MiB, 5 * MiB, 1]
    await stores[0]?.usage.save({ run: 1, number: 1, time: 8, rows: Float64Array.from(usage) })
    expect(await b?.totals([user, 99])).toEqual([{ user, up: 3 * MiB, down: 5 * MiB, mark: MiB, marked: 7 }])
    const limits = { ...unlimited, quota: 9 * MiB, rateDown: 1_000_000 }
    const wants = { wantsBytes: 64 * MiB, live: 1, wantsDown: Number.POSITIVE_INFINITY }
    expect(await a?.refresh([ask({ limits, ...wants })])).toMatchObject([{ bytes: MiB, rateDown: 1_000_000 }])
    expect(await b?.refresh([ask({ limits, ...wants })])).toMatchObject([{ bytes: MiB, rateDown: 500_000 }])
    expect(await a?.refresh([ask({ limits, ...wants, unused: MiB })])).toMatchObject([
      { bytes: MiB, rateDown: 500_000 },
    ])
  })

  it('are there for others when they are given back, when they have ended, and when the user is another one', async () => {
    const { leases, ask, database, user, stores } = await fleet('a', 'b')
    const [a, b] = leases
    const all = ask({ limits: { ...unlimited, maxConnections: 4 }, live: 4, wantsSlots: 4 })
    const slots = async (store: typeof a) => (await store?.refresh([{ ...all, live: 0 }]))?.[0]?.slots
    await a?.refresh([all])
    expect(await slots(b)).toBe(0)
    await a?.release([user])
    expect(await slots(b)).toBe(3)
    expect(await slots(a)).toBe(1)
    await server.sql(database, "UPDATE proxyd.leases SET until = now() - interval '1 s' WHERE node = 'b'")
    expect(await slots(a)).toBe(4)
    await stores[0]?.users.remove(user)
    expect(await a?.refresh([all])).toEqual([])
  })

  it('hold again behind an outage for those who had them when it began, not for those who were gone before', async () => {
    const { leases, ask, database } = await fleet('a', 'b', 'c')
    const [a, b, c] = leases
    const asked = (live: number, wantsSlots = live) => [
      ask({ limits: { ...unlimited, maxConnections: 10 }, live, wantsSlots }),
    ]
    await c?.refresh(asked(2))
    await server.sql(database, "UPDATE proxyd.leases SET until = now() - interval '5 min'")
    await a?.refresh(asked(7))
    await b?.refresh([])
    await server.sql(database, "UPDATE proxyd.leases SET until = now() - interval '1 min' WHERE node = 'a'")
    await server.sql(database, "UPDATE proxyd.lease_asks SET asked = now() - interval '2 min'")
    expect(await b?.refresh(asked(0, 10))).toMatchObject([{ slots: 3 }])
    expect(await a?.refresh(asked(7))).toMatchObject([{ slots: 7 }])
  })

  it('are dealt out to others though a user is removed at the same moment', async () => {
    const { leases, ask, database, user, stores } = await fleet('a')
    const [a] = leases
    const other = (await stores[0]?.users.insert({ ...bob, name: 'ann' })) ?? 0
    const limits = { ...unlimited, maxConnections: 4 }
    const remover = await Connections.open(placeOf(server.place(database)), async () => '')
    onTestFinished(() => remover.close())
    let dealt: ReturnType<NonNullable<typeof a>['refresh']> | undefined
    await remover.change([], async (sql) => {
      await sql('DELETE FROM proxyd.users WHERE id = $1', [user])
      dealt = a?.refresh([ask({ limits }), ask({ user: other, limits })])
      dealt?.catch(() => {})
      const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      await eventually(async () => expect(await sql(waiting)).toHaveLength(1))
    })
    expect(await dealt).toMatchObject([{ user: other }])
  })

  it('of thousands of users are had at once', async () => {
    const { leases, ask, stores } = await fleet('a', 'b')
    const users = Array.from({ length: 1_000 }, (_, i) => ({ ...bob, name: `user${i}` }))
    const ids = (await stores[0]?.imports.save({ groups: [], added: users, logins: [], limits: [] })) ?? []
    const asks = ids.map((user) => ({ ...ask({ limits: { ...unlimited, maxConnections: 4 }, wantsSlots: 2 }), user }))
    const [one = [], two = []] = await Promise.all(leases.map((store) => store.refresh(asks.toReversed())))
    expect(new Set(one.map(({ user }) => user)).size).toBe(1_000)
    const slotsOf = new Map(two.map(({ user, slots }) => [user, slots]))
    for (const { user, slots = 0 } of one) expect(slots + (slotsOf.get(user) ?? 0)).toBeGreaterThan(2)
  })
})
