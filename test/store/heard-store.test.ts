import { expect, it, vi } from 'vitest'
import { type ChangeListener, hearChanges } from '../../daemon/store/heard-store.ts'
import { openSqliteStore } from '../../daemon/store/sqlite-store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { testStore } from './contract.ts'

testStore('a store that is heard', async () => {
  const folder = await temporaryFolder()
  return async () => hearChanges(await openSqliteStore(folder), () => {})
})

const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 0 }
const keys = { salt: Buffer.alloc(16), iterations: 4096, storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32) }
const ann = { name: 'ann', role: 'viewer' as const, created: 0, ...keys }

async function open() {
  const heard = vi.fn<ChangeListener>()
  return { store: hearChanges(await openSqliteStore(await temporaryFolder()), heard), heard }
}

it('tells of each change how long it took, and of nothing else', async () => {
  const { store, heard } = await open()
  await store.users.insert(bob)
  await store.users.update(bob)
  await store.users.remove('bob')
  await store.operators.insert(ann)
  await store.operators.update(ann)
  await store.operators.remove('ann')
  await store.settings.save(1, new Map([['backlog', 9]]))
  expect(heard).toHaveBeenCalledTimes(7)
  for (const told of heard.mock.calls) expect(told).toEqual([expect.any(Number)])
  await store.users.list()
  await store.operators.list()
  await store.operators.decoySecret()
  await store.settings.load()
  await store.close()
  expect(heard).toHaveBeenCalledTimes(7)
})

it('tells why a change could not be stored, and so does the change', async () => {
  const { store, heard } = await open()
  await store.close()
  const error = await store.users.insert(bob).catch((error: unknown) => error)
  expect(error).toMatchObject({ name: 'StoreError' })
  expect(heard).toHaveBeenCalledExactlyOnceWith(expect.any(Number), error)
})
