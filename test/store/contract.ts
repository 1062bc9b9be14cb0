import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
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

    it('are listed as they were inserted', async () => {
      await store.users.insert(bob)
      await store.users.insert(ann)
      expect(await listed(store)).toEqual([ann, bob])
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
      for (const name of names) expect(await store.users.insert({ ...bob, name })).toBe(true)
      expect((await store.users.list()).map(({ name }) => name).sort()).toEqual(names.sort())
    })

    it('are not inserted over one of the same name', async () => {
      await store.users.insert(bob)
      expect(await store.users.insert({ ...bob, password: 'another' })).toBe(false)
      expect(await store.users.list()).toEqual([bob])
    })

    it('change alone', async () => {
      await store.users.insert(ann)
      await store.users.insert(bob)
      const changed = { ...bob, password: 'another', enabled: false }
      expect(await store.users.update(changed)).toBe(true)
      expect(await listed(store)).toEqual([ann, changed])
    })

    it('are not made by a change', async () => {
      expect(await store.users.update(bob)).toBe(false)
      expect(await store.users.list()).toEqual([])
    })

    it('are removed alone, and can come again', async () => {
      await store.users.insert(ann)
      await store.users.insert(bob)
      await store.users.remove('bob')
      await store.users.remove('nobody')
      expect(await store.users.list()).toEqual([ann])
      expect(await store.users.insert(bob)).toBe(true)
    })

    it('are there again after closing and opening', async () => {
      await store.users.insert(ann)
      await store.users.insert(bob)
      await store.users.update({ ...ann, enabled: false })
      await store.users.remove('bob')
      await store.close()
      store = await open()
      expect(await store.users.list()).toEqual([{ ...ann, enabled: false }])
    })
  })
}

const ann: StoredUser = { name: 'ann', password: '$scrypt$ann', enabled: true, created: 1_700_000_000_000 }
const bob: StoredUser = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 1_700_000_000_001 }

async function listed(store: Store): Promise<StoredUser[]> {
  return (await store.users.list()).sort((a, b) => (a.name < b.name ? -1 : 1))
}
