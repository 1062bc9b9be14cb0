import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { noLimits } from '../../daemon/access/accounts.ts'
import {
  noLogin,
  others,
  type Store,
  type StoredUser,
  type UsageBatch,
  type UsageWish,
  usageCells,
  usageWidth,
} from '../../daemon/store/store.ts'

/** Opens the store of one place, which is as good as new for each test and stays there between openings. */
export type Open = () => Promise<Store>

/** What every adapter of `Store` promises. */
export function testStore(adapter: string, newPlace: () => Promise<Open>): void {
  describe(`${adapter}: users`, () => {
    let open: Open
    let store: Store

    beforeEach(async () => {
      open = await newPlace()
      store = await open()
      onTestFinished(() => store.close())
    })

    it('are none at first', async () => {
      expect(await store.users.list()).toEqual([])
    })

    it('are listed as they were inserted, each with an id', async () => {
      const ids = [await store.users.insert(bob), await store.users.insert(ann)]
      expect(new Set(ids).size).toBe(2)
      expect(await listed(store)).toEqual([
        { ...ann, id: ids[1] },
        { ...bob, id: ids[0] },
      ])
    })

    it('keep their names apart and to the byte', async () => {
      const names = [
        'bob',
        'Bob',
        'bob ',
        'bób',
        'bo\u0301b',
        '\ufeffbob',
        '😀',
        "'; DROP TABLE users; --",
        'x'.repeat(255),
      ]
      for (const name of names) expect(await store.users.insert({ ...bob, name })).toBeGreaterThan(0)
      expect((await store.users.list()).map(({ name }) => name).sort()).toEqual(names.sort())
    })

    it('are not inserted over one of the same name', async () => {
      const id = await store.users.insert(bob)
      expect(await store.users.insert({ ...bob, password: 'another' })).toBeUndefined()
      expect(await store.users.list()).toEqual([{ ...bob, id }])
    })

    it('are found by their whole name', async () => {
      const id = await inserted({ ...bob, limits: { quota: 5 }, firstUsed: 7 })
      expect(await store.users.named(bob.name)).toEqual({ ...bob, limits: { quota: 5 }, firstUsed: 7, id })
      expect(await store.users.named(bob.name.toUpperCase())).toBeUndefined()
      // What clients say for a name may be any text, of which PostgreSQL has none with this in it.
      expect(await store.users.named(`${bob.name}\0`)).toBeUndefined()
      expect(await store.users.named(bob.name.slice(1))).toBeUndefined()
    })

    it('are counted, all of them and by group', async () => {
      await inserted({ ...ann, limits: { group: 'staff' } })
      await inserted(bob)
      expect(await store.users.count()).toBe(2)
      expect(await store.users.count('staff')).toBe(1)
      expect(await store.users.count('default')).toBe(1)
      expect(await store.users.count('nobody')).toBe(0)
    })

    it('change alone', async () => {
      const [annId, bobId] = [await inserted(ann), await inserted(bob)]
      const changed = { ...bob, id: bobId, password: 'another', enabled: false }
      expect(await store.users.update({ id: bobId, enabled: false })).toBe(true)
      expect(await store.users.update({ id: bobId, password: 'another', was: bob.password })).toBe(true)
      expect(await store.users.update({ id: bobId, password: 'a third', was: bob.password })).toBe(false)
      expect(await listed(store)).toEqual([{ ...ann, id: annId }, changed])
    })

    it('are not made by a change', async () => {
      expect(await store.users.update({ id: 7, enabled: true })).toBe(false)
      expect(await store.users.list()).toEqual([])
    })

    it('are removed alone, and can come again, with an id that nobody had', async () => {
      const [annId, bobId] = [await inserted(ann), await inserted(bob)]
      await store.users.remove(bobId)
      await store.users.remove(bobId)
      expect(await store.users.list()).toEqual([{ ...ann, id: annId }])
      await store.close()
      store = await open()
      expect([annId, bobId]).not.toContain(await inserted(bob))
    })

    it('are there again after closing and opening', async () => {
      const [annId, bobId] = [await inserted(ann), await inserted(bob)]
      await store.users.update({ id: annId, enabled: false })
      await store.users.remove(bobId)
      await store.close()
      store = await open()
      expect(await store.users.list()).toEqual([{ ...ann, id: annId, enabled: false }])
    })

    it('have limits, alone or many at once, and keep them after closing and opening', async () => {
      const annId = await inserted({ ...ann, limits: { quota: 1, sources: ['10.0.0.0/8'], note: null }, revision: 1 })
      const bobId = await inserted(bob)
      const limits = { 'rate-down': 10_000_000, expires: '30d' }
      await store.users.setLimits([
        { id: bobId, limits, revision: 2, firstUsed: 5 },
        { id: 99, limits, revision: 2, firstUsed: null },
      ])
      await store.close()
      store = await open()
      expect(await listed(store)).toEqual([
        { ...ann, id: annId, limits: { quota: 1, sources: ['10.0.0.0/8'], note: null }, revision: 1 },
        { ...bob, id: bobId, limits, revision: 2, firstUsed: 5 },
      ])
      const change = { limits: {}, revision: 3, firstUsed: null }
      await store.imports.save({
        groups: [{ name: 'staff', limits: { quota: 1 }, revision: 3, was: 0 }],
        added: [],
        logins: [{ id: annId, password: 'another', created: 7 }],
        limits: [{ id: bobId, was: 2, ...change }],
      })
      expect(await listed(store)).toMatchObject([
        { name: 'ann', password: 'another', created: 7, limits: { quota: 1 }, revision: 1 },
        { ...bob, id: bobId, ...change },
      ])
      expect(await store.groups.list()).toMatchObject([{ name: 'staff', limits: { quota: 1 } }])
    })

    it('have what they moved, which goes with them', async () => {
      const [annId, bobId] = [await inserted(ann), await inserted(bob)]
      const usage = { up: 1, down: 2 ** 50, mark: 3, marked: 1_700_000_000_000 }
      await store.usage.save(
        batchOf(
          1,
          [annId, bobId, 99].map((user) => ({ ...usage, user })),
        ),
      )
      await store.usage.save(batchOf(2, [{ ...usage, user: annId, up: 7, moreUp: 6 }]))
      await store.users.remove(bobId)
      await store.close()
      store = await open()
      expect(await store.usage.list()).toEqual([{ ...usage, user: annId, up: 7 }])
    })

    it('who come from elsewhere are never there without what they have moved', async () => {
      const used = { up: 2 ** 50, down: 2, mark: 3, marked: 1_700_000_000_000 }
      const added = [{ ...ann, used }, bob]
      const [annId = 0] = await store.imports.save({ groups: [], added, logins: [], limits: [] })
      expect(await store.usage.list()).toEqual([{ ...used, user: annId }])
      await store.usage.save(batchOf(1, [{ ...used, user: annId, up: used.up + 6, moreUp: 6 }]))
      expect(await store.usage.list()).toEqual([{ ...used, user: annId, up: used.up + 6 }])
    })

    it('have it told by the hour, day, user and group, each batch counted once', async () => {
      const [annId, bobId] = [await inserted({ ...ann, limits: { group: 'staff' } }), await inserted(bob)]
      const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000
      const more = (user: number, moreUp: number) => ({ user, moreUp, moreDown: 10, moreConnections: 1 })
      await store.usage.save(batchOf(1, [more(annId, 1), more(bobId, 2)], hour - 7_200_000))
      const second = batchOf(2, [more(annId, 4), more(noLogin, 8), more(others, 16)], hour)
      await store.usage.save(second)
      await store.usage.save(second)
      const read = (wish: Partial<UsageWish>) =>
        store.usage.read({ since: 0, until: Number.MAX_SAFE_INTEGER, by: 'hour', offset: 0, limit: 10, ...wish })
      const row = { start: null, user: null, name: null, group: null }
      expect(await read({})).toEqual([
        { ...row, start: hour - 7_200_000, up: 3, down: 20, connections: 2 },
        { ...row, start: hour, up: 28, down: 30, connections: 3 },
      ])
      expect(await read({ user: annId, since: hour })).toEqual([
        { ...row, start: hour, up: 4, down: 10, connections: 1 },
      ])
      const byUser = [
        { ...row, user: others, up: 16, down: 10, connections: 1 },
        { ...row, user: annId, name: 'ann', up: 5, down: 20, connections: 2 },
        { ...row, user: noLogin, up: 8, down: 10, connections: 1 },
        { ...row, user: bobId, name: 'bob', up: 2, down: 10, connections: 1 },
      ]
      expect(await read({ by: 'user', since: hour - 86_400_000 })).toEqual(byUser)
      expect(await read({ by: 'user', offset: 1, limit: 1 })).toEqual([byUser[1]])
      expect((await read({ by: 'group' })).map(({ group, up }) => [group, up])).toEqual([
        [null, 24],
        ['staff', 5],
        ['default', 2],
      ])
      expect((await read({ by: 'day' })).reduce((sum, { up }) => sum + up, 0)).toBe(31)
      await store.users.remove(annId)
      expect((await read({ by: 'user', limit: 1 }))[0]).toEqual({
        ...row,
        user: others,
        up: 21,
        down: 30,
        connections: 3,
      })
    })

    async function inserted(user: Omit<StoredUser, 'id'>): Promise<number> {
      return (await store.users.insert(user)) ?? expect.fail(`${user.name} is there already`)
    }
  })

  describe(`${adapter}: groups`, () => {
    it('are put, replaced and removed by name', async () => {
      const open = await newPlace()
      let store = await open()
      onTestFinished(() => store.close())
      expect(await store.groups.list()).toEqual([])
      await store.groups.put({ name: 'staff', limits: { quota: 1 }, revision: 1 })
      await store.groups.put({ name: 'guests', limits: {}, revision: 2 })
      await store.groups.put({ name: 'staff', limits: { warn: 80 }, revision: 3 })
      await store.groups.remove('guests')
      await store.groups.remove('nobody')
      await store.close()
      store = await open()
      expect(await store.groups.list()).toEqual([{ name: 'staff', limits: { warn: 80 }, revision: 3 }])
    })
  })
}

const ann = { name: 'ann', password: '$scrypt$ann', enabled: true, created: 1_700_000_000_000, ...noLimits }
const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 1_700_000_000_001, ...noLimits }

async function listed(store: Store): Promise<StoredUser[]> {
  return (await store.users.list()).sort((a, b) => (a.name < b.name ? -1 : 1))
}

type Cells = Readonly<Partial<Record<keyof typeof usageCells, number>>>

function batchOf(number: number, users: readonly Cells[], time = 1_700_000_000_000): UsageBatch {
  const rows = new Float64Array(users.length * usageWidth)
  for (const [i, cells] of users.entries()) {
    for (const [name, value] of Object.entries(cells))
      rows[i * usageWidth + usageCells[name as keyof typeof usageCells]] = value
  }
  return { run: 1, number, time, rows }
}
