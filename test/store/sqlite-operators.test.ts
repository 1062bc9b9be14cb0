import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../daemon/store/open-store.ts'
import type { Store, StoredOperator } from '../../daemon/store/store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const ann: StoredOperator = {
  name: 'ann',
  role: 'admin',
  salt: new Uint8Array(16).fill(1),
  iterations: 200_000,
  storedKey: new Uint8Array(32).fill(2),
  serverKey: new Uint8Array(32).fill(3),
  created: 1_700_000_000_000,
}
const bob: StoredOperator = { ...ann, name: 'bob', role: 'viewer' }

describe('operators in SQLite', () => {
  let folder: string
  let store: Store

  beforeEach(async () => {
    folder = await temporaryFolder()
    store = await openStore(folder)
    onTestFinished(() => store.close())
  })

  /** What is there after closing and opening. */
  async function kept(): Promise<StoredOperator[]> {
    await store.close()
    store = await openStore(folder)
    return (await store.operators.list()).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  it('are none at first', async () => {
    expect(await store.operators.list()).toEqual([])
  })

  it('are kept as they were inserted', async () => {
    expect(await store.operators.insert(bob)).toBe(true)
    expect(await store.operators.insert(ann)).toBe(true)
    expect(await kept()).toEqual([ann, bob])
  })

  it('are not inserted over one of the same name', async () => {
    await store.operators.insert(ann)
    expect(await store.operators.insert({ ...ann, role: 'viewer' })).toBe(false)
    expect(await kept()).toEqual([ann])
  })

  it('change alone, and are not made by a change', async () => {
    await store.operators.insert(ann)
    await store.operators.insert(bob)
    const changed = { ...bob, role: 'operator', storedKey: new Uint8Array(32).fill(9) } as const
    const { salt, iterations, storedKey, serverKey } = changed
    expect(await store.operators.update({ name: 'bob', created: bob.created, role: 'operator' })).toBe(true)
    const keys = { salt, iterations, storedKey, serverKey }
    expect(await store.operators.update({ name: 'bob', created: bob.created, keys })).toBe(true)
    expect(await store.operators.update({ ...ann, name: 'carl' })).toBe(false)
    expect(await store.operators.update({ ...changed, created: bob.created + 1, role: 'admin' })).toBe(false)
    expect(await kept()).toEqual([ann, changed])
  })

  it('are removed alone, and can come again', async () => {
    await store.operators.insert(ann)
    await store.operators.insert(bob)
    await store.operators.remove('bob')
    await store.operators.remove('nobody')
    expect(await kept()).toEqual([ann])
    expect(await store.operators.insert(bob)).toBe(true)
  })

  it('have 32 bytes beside them that are random and stay', async () => {
    const secret = await store.operators.decoySecret()
    expect(secret).toHaveLength(32)
    await kept()
    expect(await store.operators.decoySecret()).toEqual(secret)
    const other = await openStore(await temporaryFolder())
    onTestFinished(() => other.close())
    expect(await other.operators.decoySecret()).not.toEqual(secret)
  })

  it.each([
    { ...bob, role: 'owner' as 'admin' },
    { ...bob, storedKey: new Uint8Array(31) },
    { ...bob, iterations: 1 },
  ])('are refused if no login could be judged by them', async (damaged) => {
    await expect(store.operators.insert(damaged)).rejects.toThrow(/constraint/i)
  })
})

it('a database from before there were operators gets their table, and keeps its users', async () => {
  const folder = await temporaryFolder()
  const old = new DatabaseSync(join(folder, 'proxyd.db'))
  old.exec(`
    CREATE TABLE users (
      name TEXT PRIMARY KEY, password TEXT NOT NULL,
      enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)), created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO users VALUES ('carl', 'x', 1, 1);
    PRAGMA user_version = 1`)
  old.close()
  const store = await openStore(folder)
  onTestFinished(() => store.close())
  expect(await store.operators.list()).toEqual([])
  expect(await store.operators.decoySecret()).toHaveLength(32)
  expect(await store.users.list()).toMatchObject([{ id: 1, name: 'carl', password: 'x', enabled: true, created: 1 }])
})
