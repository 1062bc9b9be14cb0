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

    async function inserted(user: Omit<StoredUser, 'id'>): Promise<number> {
      return (await store.users.insert(user)) ?? expect.fail(`${user.name} is there already`)
    }
  })
}

const ann = { name: 'ann', password: '$scrypt$ann', enabled: true, created: 1_700_000_000_000, ...noLimits }
const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 1_700_000_000_001, ...noLimits }

async function listed(store: Store): Promise<StoredUser[]> {
  return (await store.users.list()).sort((a, b) => (a.name < b.name ? -1 : 1))
}
