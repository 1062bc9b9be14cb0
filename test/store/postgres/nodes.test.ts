import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { noLimits } from '../../../daemon/access/accounts.ts'
import { Nodes } from '../../../daemon/fleet/nodes.ts'
import { migrations } from '../../../daemon/store/postgres/migrations.ts'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
import { prepareStore } from '../../../daemon/store/postgres/prepare.ts'
import {
  type FleetStore,
  mostChangesApart,
  type Store,
  type StoredNode,
  type StoredUsage,
  usageCells,
  usageWidth,
} from '../../../daemon/store/store.ts'
import type { AuditEntry } from '../../../shared/protocol/methods.ts'
import { eventually } from '../../helpers/eventually.ts'
import { hasPostgres, placeOf, usePostgres } from '../../helpers/postgres.ts'

const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 1, ...noLimits }
const conflict = { kind: 'conflict' }
const beginning = { seq: 0, made: 0 }

describe.skipIf(!hasPostgres)('nodes that share a PostgreSQL', () => {
  const server = usePostgres()

  async function nodes<const Names extends readonly string[]>(...names: Names) {
    return nodesOf(await server.newDatabase(), ...names)
  }

  async function nodesOf<const Names extends readonly string[]>(database: string, ...names: Names) {
    const place = placeOf(server.place(database))
    const stores = await Promise.all(names.map((node) => openPostgresStore({ place, password: async () => '', node })))
    onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
    return stores as unknown as { readonly [Name in keyof Names]: Store & { readonly fleet: FleetStore } }
  }

  it('hear of each change by its number, without a gap, however many change something at once', async () => {
    const [a, b] = await nodes('a', 'b')
    expect(await a.fleet.lastChange()).toEqual(beginning)
    let seen = beginning
    const heard: string[] = []
    let isOver = false
    const reader = (async () => {
      while (!isOver || seen.seq < 40) {
        for (const change of (await a.fleet.changesSince(seen)) ?? []) {
          expect(change.seq).toBe(seen.seq + 1)
          seen = change
          heard.push(change.key)
        }
      }
    })()
    const names = Array.from({ length: 40 }, (_, i) => `user${i}`)
    // Another one that fails in between leaves no hole.
    const failing = a.users.insert({ ...bob, name: 'x', revision: Number.NaN }).catch((error: unknown) => error)
    await Promise.all(names.map((name, i) => (i % 2 === 0 ? a : b).users.insert({ ...bob, name })))
    expect(await failing).toMatchObject({ problem: 'failed' })
    isOver = true
    await reader
    expect(heard.sort()).toEqual(names.sort())
    expect(await b.fleet.lastChange()).toMatchObject({ seq: 40 })
  })

  it('know of their own what they have made, and were told so', async () => {
    // What came from another process of the same name, such as one that has ended over it, is none.
    const [a, twin, b] = await nodes('a', 'a', 'b')
    await a.users.insert(bob)
    await twin.users.insert({ ...bob, name: 'ann' })
    await b.users.insert({ ...bob, name: 'cid' })
    const changes = (await a.fleet.changesSince(beginning)) ?? []
    const behind = await a.fleet.changesSince(changes[0] ?? beginning)
    expect([changes, behind].map((some) => some?.map(({ isOwn }) => isOwn))).toEqual([
      [true, false, false],
      [false, false],
    ])
  })

  it('hear that the store is at another state than it was, also where that has as many changes by now', async () => {
    const database = await server.newDatabase()
    const [a, b] = await nodesOf(database, 'a', 'b')
    for (const name of ['bob', 'ann', 'cid']) await a.users.insert({ ...bob, name })
    const mark = await b.fleet.lastChange()
    expect(await b.fleet.changesSince(mark)).toEqual([])
    // A standby has taken over that had not heard of the last two.
    await server.sql(database, 'DELETE FROM proxyd.change WHERE seq > 1')
    expect(await b.fleet.changesSince(mark)).toBeUndefined()
    for (const name of ['dan', 'eve', 'fay']) await a.users.insert({ ...bob, name })
    expect(await b.fleet.changesSince(mark)).toBeUndefined()
    const first = (await b.fleet.changesSince(beginning))?.[0] ?? beginning
    expect((await b.fleet.changesSince(first))?.map(({ key }) => key)).toEqual(['dan', 'eve', 'fay'])
  })

  it.each(['a', 'b', undefined])(
    'hear so, too, where it has lost what this one had only just changed, and %s has changed something since',
    async (who) => {
      const database = await server.newDatabase()
      const [a, b] = await nodesOf(database, 'a', 'b')
      await a.users.insert(bob)
      const mark = await a.fleet.lastChange()
      await a.users.insert({ ...bob, name: 'ann' })
      await server.sql(database, 'DELETE FROM proxyd.change WHERE seq > 1')
      if (who) await { a, b }[who]?.users.insert({ ...bob, name: 'cid' })
      expect(await a.fleet.changesSince(mark)).toBeUndefined()
      const last = await a.fleet.lastChange()
      await a.users.insert({ ...bob, name: 'dan' })
      expect(await a.fleet.changesSince(last)).toMatchObject([{ key: 'dan', isOwn: true }])
    },
  )

  it('take no other store for theirs that has come in its place, and put nothing into that', async () => {
    const database = await server.newDatabase()
    const [a] = await nodesOf(database, 'a')
    await a.users.insert(bob)
    const mark = await a.fleet.lastChange()
    const [row] = await server.sql<{ bytes: string }>(database, 'SELECT bytes::text FROM proxyd.decoy')
    const secret = (text: string) => server.sql(database, `UPDATE proxyd.decoy SET bytes = ${text}`)
    // Made anew, or of another fleet behind the same name.
    await server.sql(database, 'TRUNCATE proxyd.change, proxyd.users CASCADE')
    await secret("sha256('another')")
    const another = { problem: 'failed', message: expect.stringMatching(/is another one than it was/) }
    await expect(a.fleet.changesSince(mark)).rejects.toMatchObject(another)
    await expect(a.users.list()).rejects.toMatchObject(another)
    await expect(a.users.insert({ ...bob, name: 'ann' })).rejects.toMatchObject(another)
    expect(await server.sql(database, 'SELECT FROM proxyd.users')).toEqual([])
    await secret(`'${row?.bytes}'`)
    expect(await a.fleet.changesSince(mark)).toBeUndefined()
    expect(await a.users.list()).toEqual([])
  })

  it('hear what it was, and who made it', async () => {
    const [a, b] = await nodes('a', 'b')
    const id = (await a.users.insert(bob)) ?? 0
    await b.imports.save({ groups: [], added: [], logins: [{ id, password: 'another' }], limits: [] })
    await b.users.setLimits([{ id, limits: { quota: 1 }, revision: 1, firstUsed: null }])
    await a.groups.put({ name: 'staff', limits: {}, revision: 2 })
    await a.settings.save(1, new Map([['log-level', 'debug']]))
    await b.rules.save({ revision: 1, text: '', ids: [], nextId: 1 })
    const bans = new Map([
      ['10.0.0.1', { source: '10.0.0.1', since: 1, until: null, reason: 'operator', by: null }],
    ] as const)
    await a.bans.save(bans)
    // Who has heard of it may store it, too.
    await b.bans.save(bans)
    await b.bans.save(new Map([['10.0.0.2', null]]))
    await a.watches.insert({ name: 'w', text: 't', created: 1, by: 'x', seen: [] })
    await b.watches.remove('w')
    await b.watches.remove('w')
    await b.users.remove(id)
    await b.users.remove(id)
    expect((await a.fleet.changesSince(beginning))?.map(({ kind, key, node }) => `${node} ${kind} ${key}`)).toEqual([
      'a user bob',
      'b user bob',
      'b user bob',
      'a group staff',
      'a settings ',
      'b rules ',
      'a ban 10.0.0.1',
      'a watch w',
      'b watch w',
      'b user bob',
    ])
  })

  it('hear once of many that change at once', async () => {
    const [a] = await nodes('a')
    const added = Array.from({ length: mostChangesApart + 1 }, (_, i) => ({ ...bob, name: `user${i}` }))
    const ids = await a.imports.save({ groups: [], added, logins: [], limits: [] })
    expect(ids.length).toBe(added.length)
    expect((await a.users.named('user7'))?.id).toBe(ids[7])
    expect(await a.fleet.changesSince(beginning)).toMatchObject([
      { seq: 1, kind: 'user', key: '', node: 'a', isOwn: true },
    ])
  })

  it('do not undo what another one has changed in the meantime', async () => {
    const [a, b] = await nodes('a', 'b')
    await b.settings.load()
    await b.rules.load()
    const id = (await a.users.insert(bob)) ?? 0
    await a.settings.save(1, new Map([['log-level', 'debug']]))
    await expect(b.settings.save(1, new Map([['log-level', 'warn']]))).rejects.toMatchObject(conflict)
    await b.settings.load()
    await b.settings.save(2, new Map([['log-level', 'warn']]))
    // Not known to have been stored, it is stored again.
    await b.settings.save(2, new Map([['log-level', 'warn']]))

    const rules = { revision: 1, text: 'deny to any\n', ids: [16], nextId: 17 }
    await a.rules.save(rules)
    await expect(b.rules.save({ ...rules, text: '' })).rejects.toMatchObject(conflict)
    expect(await b.rules.load()).toEqual(rules)

    const change = { id, limits: { quota: 1 }, revision: 7, firstUsed: null, was: 0 }
    await a.users.setLimits([change])
    await a.users.setLimits([change])
    await expect(b.users.setLimits([{ ...change, limits: { quota: 2 }, revision: 9 }])).rejects.toMatchObject({
      ...conflict,
      details: { revision: 7 },
    })
    await b.users.update({ id, password: 'another' })
    expect(await a.users.named('bob')).toEqual({ ...bob, id, password: 'another', limits: { quota: 1 }, revision: 7 })
    await expect(b.imports.save({ groups: [], added: [bob], logins: [], limits: [] })).rejects.toMatchObject(conflict)
  })

  it('lose no limit that one makes tighter while another changes others of the same user or group', async () => {
    const [a, b] = await nodes('a', 'b')
    const id = (await a.users.insert({ ...bob, limits: { quota: 9 } })) ?? 0
    const [quota, expiry] = [
      { was: 0, fields: ['quota'] },
      { was: 0, fields: ['expires'] },
    ]
    await b.users.setLimits([{ id, limits: { quota: 9, expires: 5 }, revision: 1, firstUsed: null, ...expiry }])
    const tighter = { id, limits: { quota: 1 }, revision: 2, firstUsed: 7, ...quota }
    await a.users.setLimits([tighter])
    // Not known to have been stored, it is stored again.
    await a.users.setLimits([tighter])
    const both = { limits: { quota: 1, expires: 5 }, firstUsed: 7 }
    expect(await b.users.named('bob')).toMatchObject(both)
    // Who builds on either of both does not have all of it.
    const wider = { id, limits: {}, revision: 3, firstUsed: null }
    for (const was of [1, 2]) await expect(b.users.setLimits([{ ...wider, was }])).rejects.toMatchObject(conflict)

    const staff = { name: 'staff', limits: { quota: 9 }, revision: 1 }
    await a.groups.put(staff, { was: 0 })
    await a.groups.put(staff, { was: 0 })
    await expect(b.groups.put({ ...staff, limits: {} }, { was: 0 })).rejects.toMatchObject(conflict)
    await b.groups.put({ ...staff, limits: { quota: 9, 'rate-up': 3 }, revision: 2 }, { was: 1 })
    await expect(a.groups.put({ ...staff, revision: 3 }, { was: 1 })).rejects.toMatchObject(conflict)
    await a.groups.put({ ...staff, limits: { quota: 1 }, revision: 2 }, { was: 1, fields: ['quota'] })
    expect(await b.groups.list()).toMatchObject([{ name: 'staff', limits: { quota: 1, 'rate-up': 3 } }])
    await b.groups.remove('staff')
    const late = a.groups.put({ ...staff, limits: {}, revision: 9 }, { was: 3, fields: ['quota'] })
    await expect(late).rejects.toMatchObject(conflict)
  })

  it('leave nobody in a group that one removes while another puts somebody into it', async () => {
    const [a, b] = await nodes('a', 'b')
    const id = (await a.users.insert(bob)) ?? 0
    const staff = { name: 'staff', limits: { quota: 9 }, revision: 1 }
    const into = { id, limits: { group: 'staff' }, revision: 2, firstUsed: null, was: 0 }
    const none = { groups: [], added: [], logins: [], limits: [] }
    await expect(b.users.setLimits([into])).rejects.toMatchObject(conflict)
    await expect(b.imports.save({ ...none, limits: [into] })).rejects.toMatchObject(conflict)
    const fay = { ...bob, name: 'fay', limits: { group: 'staff' } }
    await expect(b.imports.save({ ...none, added: [fay] })).rejects.toMatchObject(conflict)
    await b.imports.save({ ...none, groups: [{ ...staff, was: 0 }], limits: [into] })
    await expect(a.groups.remove('staff')).rejects.toMatchObject(conflict)
    expect(await a.groups.list()).toEqual([staff])
    // One that a store has lost keeps nobody from changing the rest.
    await b.users.insert({ ...bob, name: 'gil', limits: { group: 'lost' } })
    const gil = (await b.users.named('gil'))?.id ?? 0
    await b.users.setLimits([{ id: gil, limits: { group: 'lost', quota: 1 }, revision: 3, firstUsed: null, was: 0 }])
    await b.users.setLimits([{ ...into, limits: {}, revision: 4, was: 2 }])
    await a.groups.remove('staff')
    expect(await b.groups.list()).toEqual([])
  })

  it('undo by an import nothing that another has changed, and refuse it where it does not fit any more', async () => {
    const [a, b] = await nodes('a', 'b')
    const id = (await a.users.insert(bob)) ?? 0
    const ann = (await a.users.insert({ ...bob, name: 'ann' })) ?? 0
    const none = { groups: [], added: [], logins: [], limits: [] }
    const staff = { name: 'staff', limits: { quota: 9 }, revision: 1 }
    await b.users.update({ id, password: 'another' })
    await b.users.setLimits([{ id, limits: { quota: 1 }, revision: 1, firstUsed: 5, was: 0 }])
    await b.groups.put(staff, { was: 0 })
    await a.imports.save({ ...none, logins: [{ id, enabled: false, created: 3 }] })
    const now = { password: 'another', enabled: false, created: 3, limits: { quota: 1 }, firstUsed: 5 }
    expect(await b.users.named('bob')).toMatchObject(now)

    const limits = [{ id, limits: { quota: 7 }, revision: 1, firstUsed: null, was: 0 }]
    const logins = [{ id: ann, enabled: false }]
    await expect(a.imports.save({ ...none, logins, limits })).rejects.toMatchObject(conflict)
    const groups = [{ ...staff, limits: {}, was: 0 }]
    await expect(a.imports.save({ ...none, logins, groups })).rejects.toMatchObject(conflict)
    await b.users.remove(id)
    await expect(a.imports.save({ ...none, logins: [{ id, password: 'x' }, ...logins] })).rejects.toMatchObject(
      conflict,
    )
    expect(await b.users.list()).toEqual([{ ...bob, id: ann, name: 'ann' }])
    expect(await b.groups.list()).toEqual([staff])
  })

  it('add a watch of one name once, and bring none back that another has removed or added anew', async () => {
    const [a, b] = await nodes('a', 'b')
    const watch = { name: 'w', text: 'new-destination', created: 1, by: 'x', seen: [] }
    const added = await Promise.all([a.watches.insert(watch), b.watches.insert({ ...watch, by: 'y' })])
    expect(added.toSorted()).toEqual([false, true])
    await a.watches.learn({ name: 'w', created: 1, seen: ['here'] })
    expect(await b.watches.list()).toMatchObject([{ name: 'w', seen: ['here'] }])
    await b.watches.remove('w')
    await a.watches.learn({ name: 'w', created: 1, seen: ['here', 'there'] })
    expect(await b.watches.list()).toEqual([])
    await b.watches.insert({ ...watch, created: 2 })
    await a.watches.learn({ name: 'w', created: 1, seen: ['here', 'there'] })
    expect(await b.watches.list()).toMatchObject([{ created: 2, seen: [] }])
  })

  it('may change different things of one user or operator at the same moment, and both last', async () => {
    const [a, b] = await nodes('a', 'b')
    const [salt, key] = [new Uint8Array(16), new Uint8Array(32)]
    const keys = { salt, iterations: 4096, storedKey: key, serverKey: key }
    const joe = { name: 'joe', created: 1 }
    for (let round = 0; round < 5; round++) {
      const id = (await a.users.insert({ ...bob, name: `user${round}` })) ?? 0
      await a.operators.insert({ ...joe, ...keys, name: `joe${round}`, role: 'admin' })
      const other = { ...keys, storedKey: key.map(() => 7) }
      await Promise.all([
        a.users.update({ id, enabled: false }),
        b.users.update({ id, password: 'another' }),
        a.operators.update({ ...joe, name: `joe${round}`, role: 'viewer' }),
        b.operators.update({ ...joe, name: `joe${round}`, keys: other }),
      ])
      expect(await a.users.named(`user${round}`)).toMatchObject({ enabled: false, password: 'another' })
      expect(await a.operators.list()).toContainEqual({ ...joe, ...other, name: `joe${round}`, role: 'viewer' })
    }
  })

  it('add what their users move, each batch once, and keep one mark', async () => {
    const [a, b] = await nodes('a', 'b')
    const user = (await a.users.insert(bob)) ?? 0
    const usage = (cells: Partial<StoredUsage> & { readonly moreUp?: number }, run: number, number: number) => {
      const rows = new Float64Array(usageWidth)
      for (const [name, value] of Object.entries({ ...cells, user })) rows[usageCells[name as 'up']] = value
      return { run, number, time: Date.now(), rows }
    }
    await a.usage.save(usage({ up: 100, moreUp: 100 }, 1, 1))
    const second = usage({ up: 50, moreUp: 50 }, 2, 1)
    await b.usage.save(second)
    await b.usage.save(second)
    expect(await a.usage.list()).toEqual([{ user, up: 150, down: 0, mark: 0, marked: 0 }])
    // A cycle began 10 bytes ago.
    await a.usage.save(usage({ up: 170, moreUp: 20, mark: 160, marked: 5_000 }, 1, 2))
    expect(await b.usage.list()).toEqual([{ user, up: 170, down: 0, mark: 160, marked: 5_000 }])
    // The other one comes to know of that cycle by itself.
    await b.usage.save(usage({ up: 90, moreUp: 40, mark: 70, marked: 5_000 }, 2, 2))
    expect(await b.usage.list()).toEqual([{ user, up: 210, down: 0, mark: 160, marked: 5_000 }])
    const [row] = await b.usage.read({ since: 0, until: 2 ** 50, by: 'user', offset: 0, limit: 10 })
    expect(row).toMatchObject({ user, up: 210 })
  })

  it('one of which has a clock that is years ahead end no ban and no cycle for others, and forget nothing', async () => {
    const [a, b] = await nodes('a', 'b')
    const user = (await a.users.insert(bob)) ?? 0
    const now = Date.now()
    const later = now + 800 * 86_400_000
    const batch = (time: number, cells: Partial<StoredUsage> & { readonly moreUp: number }) => {
      const rows = new Float64Array(usageWidth)
      for (const [name, value] of Object.entries({ ...cells, user })) rows[usageCells[name as 'up']] = value
      return { run: 1, number: 1, time, rows }
    }
    await a.usage.save(batch(now, { up: 100, moreUp: 100, marked: now - 1 }))
    await b.usage.save(batch(later, { up: 130, moreUp: 30, mark: 130, marked: later }))
    expect(await a.usage.list()).toMatchObject([{ up: 130, mark: 0, marked: now - 1 }])
    for (const by of ['hour', 'day'] as const) {
      const rows = await a.usage.read({ since: now - 86_400_000, until: now + 86_400_000, by, offset: 0, limit: 10 })
      expect(rows.reduce((sum, { up }) => sum + up, 0)).toBe(130)
    }

    const entry = {
      by: 'alice',
      role: 'admin',
      from: 'unix',
      action: 'users.add',
      given: {},
      outcome: 'done',
      count: 1,
    }
    const year = 365 * 86_400_000
    const append = (store: Store, time: number) =>
      store.audit.append([{ ...entry, time } as unknown as AuditEntry], { since: time - year, bytes: 1e6 })
    await append(a, now)
    vi.setSystemTime(later)
    onTestFinished(() => void vi.useRealTimers())
    await append(b, later)
    expect(await a.audit.list({ limit: 10 })).toHaveLength(2)

    const ban = (source: string, until: number) =>
      ({ source, since: now - 10, until, reason: 'login', by: null }) as const
    await a.bans.save(new Map([['10.0.0.1', ban('10.0.0.1', now + 3_600_000)]]))
    await a.bans.save(new Map([['10.0.0.2', ban('10.0.0.2', now - 5)]]))
    await b.bans.save(new Map([['10.0.0.1', 'passed']]))
    expect((await a.bans.list()).map(({ source }) => source)).toEqual(['10.0.0.1'])
  })

  it('do not stop each other where they add for many of the same users', async () => {
    const [a, b, c] = await nodes('a', 'b', 'c')
    const added = Array.from({ length: 300 }, (_, i) => ({ ...bob, name: `user${i}` }))
    const ids = await a.imports.save({ groups: [], added, logins: [], limits: [] })
    const batch = (users: readonly number[], number: number) => {
      const rows = new Float64Array(users.length * usageWidth)
      for (const [i, user] of users.entries()) rows.set([user, 1, 0, 0, 0, 1, 0, 1], i * usageWidth)
      return { run: 1, number, time: Date.now(), rows }
    }
    const turns = Array.from({ length: 5 }, (_, i) => i + 1)
    const save = async (store: Store, users: readonly number[]) => {
      for (const number of turns) await store.usage.save(batch(users, number))
    }
    await Promise.all([save(a, ids), save(b, [...ids].reverse()), save(c, ids), a.users.remove(ids[0] ?? 0)])
    const usages = await a.usage.list()
    expect(usages.map(({ up }) => up)).toEqual(Array(299).fill(15))
    const [hour] = await a.usage.read({ since: 0, until: 2 ** 50, by: 'day', offset: 0, limit: 10 })
    expect(hour).toMatchObject({ up: 4_500, connections: 4_500 })
  })

  it('keep where their users came from apart, and what operators did together', async () => {
    const [a, b] = await nodes('a', 'b')
    await a.known.save({ saved: 7, entries: new Uint8Array([1, 2]) })
    expect(await a.known.load()).toEqual({ saved: 7, entries: new Uint8Array([1, 2]) })
    expect(await b.known.load()).toBeUndefined()

    const entry: Omit<AuditEntry, 'id'> = {
      ...{ time: 1, by: 'eve', role: 'admin' as const, from: 'local', action: 'users.add', given: { name: 'bob' } },
      ...{ outcome: 'done', count: 1 },
    }
    const kept = { since: 0, bytes: 1_000_000 }
    const [first] = await a.audit.append([entry], kept)
    const [second, third] = await b.audit.append([entry, { ...entry, action: 'config.set' }], kept)
    expect((await a.audit.list({ limit: 10 })).map(({ id, node }) => [id, node])).toEqual([
      [third, 'b'],
      [second, 'b'],
      [first, 'a'],
    ])
    expect(await b.audit.list({ limit: 10, action: 'users' })).toHaveLength(2)
    expect(await b.audit.list({ limit: 10, before: second })).toHaveLength(1)
    await a.audit.append([{ ...entry, time: 9 }], { since: 5, bytes: 1_000_000 })
    expect(await b.audit.list({ limit: 10 })).toHaveLength(1)
    await a.audit.append([{ ...entry, time: 9 }], { since: 5, bytes: 0 })
    expect(await b.audit.list({ limit: 10 })).toHaveLength(0)
  })

  it('give each other orders, each taken once, and answer them', async () => {
    const [a, b, c] = await nodes('a', 'b', 'c')
    const order = { by: 'ann', role: 'operator', method: 'users.cut', params: { name: 'bob\u0000' } } as const
    const [first = 0, second = 0, third = 0] = await a.fleet.order(['b', 'c', 'b'].map((to) => ({ ...order, to })))
    const taken = (await Promise.all([b.fleet.takeOrders(), b.fleet.takeOrders()])).flat()
    expect(taken).toEqual([
      { ...order, id: first, from: 'a', to: 'b' },
      { ...order, id: third, from: 'a', to: 'b' },
    ])
    expect(await a.fleet.takeOrders()).toEqual([])
    await b.fleet.answer(first, { result: { cut: 3 } })
    await b.fleet.answer(third, { refusal: { kind: 'not_found', message: 'no such user' } })
    expect(await a.fleet.answers([first, second, third])).toEqual(
      new Map([
        [first, { result: { cut: 3 } }],
        [third, { refusal: { kind: 'not_found', message: 'no such user' } }],
      ]),
    )
    expect(await c.fleet.takeOrders()).toHaveLength(1)
  })

  it('tell of themselves', async () => {
    const [a, b] = await nodes('a', 'b')
    const told: Omit<StoredNode, 'name'> = {
      ...{ version: '1', started: 1, state: 'serves' as const, socks: ['127.0.0.1:1080'], control: [], connections: 0 },
      ...{ up: 0, down: 0, cpu: 0.5 },
    }
    expect((await a.fleet.beat({ ...told, name: 'a' })).before).toBeUndefined()
    await b.fleet.beat({ ...told, name: 'b' })
    const { before, clock } = await b.fleet.beat({ ...told, name: 'b', connections: 3 })
    expect(before).toEqual({ ...told, name: 'b' })
    expect(Math.abs(clock - Date.now())).toBeLessThan(60_000)
    const nodesNow = await a.fleet.nodes()
    expect(nodesNow).toMatchObject([{ name: 'a' }, { name: 'b', connections: 3 }])
    expect(nodesNow.every(({ age }) => age >= 0 && age < 60_000)).toBe(true)
    await b.fleet.forget('a')
    expect(await a.fleet.nodes()).toHaveLength(1)
  })

  it('leave nothing behind once they are forgotten but what users may still have of limits', async () => {
    const database = await server.newDatabase()
    const [a, b] = await nodesOf(database, 'a', 'b')
    const users = await Promise.all(['bob', 'ann'].map((name) => a.users.insert({ ...bob, name })))
    const limits = { quota: 1, maxConnections: 1, rateUp: undefined, rateDown: undefined }
    const wants = { unused: 0, wantsBytes: 1, live: 0, wantsSlots: 1, wantsUp: 0, wantsDown: 0 }
    await a.fleet.leases.refresh(users.map((user = 0) => ({ user, limits, ...wants })))
    await a.known.save({ saved: 1, entries: new Uint8Array(8) })
    const batch = { number: 1, time: 1, rows: new Float64Array() }
    await a.usage.save({ ...batch, run: 1 })
    await server.sql(
      database,
      `UPDATE proxyd.leases SET until = now() - interval '1 second' WHERE user_id = ${users[0]};
      UPDATE proxyd.usage_batch SET stored = now() - interval '8 days'`,
    )
    await b.fleet.forget('a')
    await b.usage.save({ ...batch, run: 2 })
    const left = await server.sql<{ what: string }>(
      database,
      `SELECT 'lease of ' || user_id AS what FROM proxyd.leases UNION ALL SELECT 'ask of ' || node FROM proxyd.lease_asks
      UNION ALL SELECT 'batch of ' || node FROM proxyd.usage_batch UNION ALL SELECT 'sources of ' || node FROM proxyd.known_sources`,
    )
    expect(left.map(({ what }) => what)).toEqual([`lease of ${users[1]}`, 'batch of b'])
  })

  it('are shown as gone where what they told cannot be read, and can be forgotten', async () => {
    const database = await server.newDatabase()
    const store = await openPostgresStore({
      place: placeOf(server.place(database)),
      password: async () => '',
      node: 'a',
    })
    onTestFinished(() => store.close())
    const fleet = store.fleet as FleetStore
    const rows = ['{bad', 'null', '{"name":"x","state":"serves","socks":7}', '[]'].map(
      (told, i) => `('n${i}', '${told}', now())`,
    )
    await server.sql(database, `INSERT INTO proxyd.nodes (name, told, heard) VALUES ${rows.join()}`)
    const nodes = new Nodes({ store: fleet, warn: () => {} })
    expect((await nodes.list()).map(({ name, state }) => [name, state])).toEqual(
      ['n0', 'n1', 'n2', 'n3'].map((name) => [name, 'gone']),
    )
    for (const name of ['n0', 'n1', 'n2', 'n3']) await nodes.forget(name)
    expect(await nodes.list()).toEqual([])
  })

  it('answer no order that cannot be read, and take no such answer', async () => {
    const database = await server.newDatabase()
    const store = await openPostgresStore({
      place: placeOf(server.place(database)),
      password: async () => '',
      node: 'b',
    })
    onTestFinished(() => store.close())
    const fleet = store.fleet as FleetStore
    const order = { from: 'a', by: 'ann', role: 'operator', method: 'users.cut', params: {} }
    const told = ['{bad', 'null', '[]', ...[{ role: 'anyone' }, { params: [] }, { method: 7 }, { from: null }, {}]].map(
      (each) => (typeof each === 'string' ? each : JSON.stringify({ ...order, ...each })),
    )
    const rows = told.map((each) => `('b', '${each}')`)
    await server.sql(database, `INSERT INTO proxyd.orders (node, told) VALUES ${rows.join()}`)
    const taken = await fleet.takeOrders()
    expect(taken.map(({ from }) => from)).toEqual([...Array(7).fill(undefined), 'a'])
    const ids = taken.map(({ id }) => id)
    const answers = ['{bad', 'null', '7', '{"result":7}', '{"refusal":{"kind":"whim","message":""}}', '{}']
    const good = { refusal: { kind: 'busy', message: 'later' } } as const
    for (const [i, answer] of [...answers, JSON.stringify(good)].entries())
      await server.sql(database, `UPDATE proxyd.orders SET answer = '${answer}' WHERE id = ${ids[i]}`)
    const read = await fleet.answers(ids)
    expect(ids.slice(0, 7).map((id) => read.get(id))).toEqual([...answers.map(() => undefined), good])
  })

  it('take no order that was withdrawn, or that nobody waits for any more', async () => {
    const database = await server.newDatabase()
    const [a, b] = await nodesOf(database, 'a', 'b')
    const order = { to: 'b', by: 'alice', role: 'admin', method: 'users.cut', params: {} } as const
    const [first, second, third] = await a.fleet.order([order, order, order])
    await server.sql(database, `UPDATE proxyd.orders SET given = now() - interval '10 seconds' WHERE id = ${third}`)
    await a.fleet.withdraw([first as number])
    expect((await b.fleet.takeOrders()).map(({ id }) => id)).toEqual([second])
    await a.fleet.withdraw([second as number])
    await b.fleet.answer(second as number, { result: {} })
    expect((await a.fleet.answers([second as number])).size).toBe(1)
  })

  it('take so many orders at once, the oldest first, and the others later', async () => {
    const [a, b] = await nodes('a', 'b')
    const order = { by: 'ann', role: 'operator', method: 'users.cut', params: {}, to: 'b' } as const
    const ids = await a.fleet.order(Array.from({ length: 150 }, () => order))
    expect((await b.fleet.takeOrders()).map(({ id }) => id)).toEqual(ids.slice(0, 100))
    expect((await b.fleet.takeOrders()).map(({ id }) => id)).toEqual(ids.slice(100))
  })

  it.each(migrations.slice(1).map((_, i) => i + 1))(
    'bring schema %i up to date once, whoever else does so at once, and keep what it holds',
    async (version) => {
      const database = await server.newDatabase('template0')
      await server.sql(
        database,
        `CREATE SCHEMA proxyd; CREATE TABLE proxyd.schema (version integer NOT NULL); INSERT INTO proxyd.schema VALUES (${version});
        ${migrations.slice(0, version).join(';\n')}; INSERT INTO proxyd.decoy VALUES (decode(repeat('ab', 32), 'hex'));
        INSERT INTO proxyd.users VALUES (1, 'bob', '${bob.password}', true, 1, '{}', 'default', 0)`,
      )
      const options = { place: placeOf(server.place(database)), password: async () => '', node: 'a' }
      const outcomes = await Promise.all([1, 2].map(() => prepareStore(options, undefined)))
      expect(outcomes.sort()).toEqual([expect.stringMatching(/ already\n$/), expect.stringMatching(/ now\n$/)])
      const store = await openPostgresStore(options)
      onTestFinished(() => store.close())
      expect(await store.users.list()).toMatchObject([bob])
      expect(Buffer.from(await store.operators.decoySecret())).toEqual(Buffer.alloc(32, 0xab))
    },
  )

  it('look for the members of a group without a look at everybody', async () => {
    const database = await server.newDatabase()
    await server.sql(
      database,
      `INSERT INTO proxyd.users (name, password, enabled, created, limits, grouping, revision)
      SELECT 'user' || i, '', true, 1, '{}', 'g' || (i % 100), 0 FROM generate_series(1, 5000) AS i; ANALYZE proxyd.users`,
    )
    const [a] = await nodesOf(database, 'a')
    expect(await a.users.count('g7')).toBe(50)
    await a.groups.remove('nobody')
    // A server tells of it once who asked has gone.
    await a.close()
    await eventually(async () => {
      const looks = "SELECT idx_scan AS looks FROM pg_stat_user_indexes WHERE indexrelname = 'users_grouping'"
      expect(await server.sql(database, looks)).toEqual([{ looks: 2 }])
    })
  })

  it('refuse a schema that is missing, older or newer, and make it once', async () => {
    const database = await server.newDatabase('template0')
    const place = placeOf(server.place(database))
    const open = () => openPostgresStore({ place, password: async () => '', node: 'a' })
    await expect(open()).rejects.toMatchObject({ problem: 'older', message: expect.stringContaining('--migrate') })
    const prepare = () => prepareStore({ place, password: async () => '', node: 'a' }, undefined)
    const outcomes = await Promise.all([prepare(), prepare()])
    expect(outcomes.sort()).toEqual([expect.stringMatching(/ already\n$/), expect.stringMatching(/ now\n$/)])
    const store = await open()
    const secret = await store.operators.decoySecret()
    expect(secret).toHaveLength(32)
    await store.close()
    await server.sql(database, 'UPDATE proxyd.schema SET version = version - 1')
    await expect(open()).rejects.toMatchObject({ problem: 'older' })
    await server.sql(database, 'UPDATE proxyd.schema SET version = 1000')
    await expect(open()).rejects.toMatchObject({ problem: 'newer' })
    await server.sql(database, 'ALTER TABLE proxyd.schema RENAME TO gone')
    for (const attempt of [open, prepare]) await expect(attempt()).rejects.toThrow(/ lacks part .*: restore a backup$/)
  })
})
