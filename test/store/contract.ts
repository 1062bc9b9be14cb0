import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { noLimits } from '../../daemon/access/accounts.ts'
import type { Store, StoredUser } from '../../daemon/store/store.ts'

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

    it('change alone', async () => {
      const [annId, bobId] = [await inserted(ann), await inserted(bob)]
      const changed = { ...bob, id: bobId, password: 'another', enabled: false }
      expect(await store.users.update(changed)).toBe(true)
      expect(await listed(store)).toEqual([{ ...ann, id: annId }, changed])
    })

    it('are not made by a change', async () => {
      expect(await store.users.update({ ...bob, id: 7 })).toBe(false)
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
      await store.users.update({ ...ann, id: annId, enabled: false })
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
      await store.users.update({ ...bob, id: bobId })
      expect((await listed(store))[1]).toEqual({ ...bob, id: bobId })
    })

    it('have what they moved, which goes with them', async () => {
      const [annId, bobId] = [await inserted(ann), await inserted(bob)]
      const usage = { up: 1, down: 2 ** 50, mark: 3, marked: 1_700_000_000_000 }
      await store.usage.save([annId, bobId, 99].map((user) => ({ ...usage, user })))
      await store.usage.save([{ ...usage, user: annId, up: 7 }])
      await store.users.remove(bobId)
      await store.close()
      store = await open()
      expect(await store.usage.list()).toEqual([{ ...usage, user: annId, up: 7 }])
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
