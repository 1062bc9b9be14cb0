import { expect, it, onTestFinished, vi } from 'vitest'
import { noLimits } from '../../daemon/access/accounts.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import type { ChangeListener } from '../../daemon/store/store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 0, ...noLimits }
const keys = { salt: Buffer.alloc(16), iterations: 4096, storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32) }
const ann = { name: 'ann', role: 'viewer' as const, created: 0, ...keys }

async function open() {
  const heard = vi.fn<ChangeListener>()
  const store = await openStore(await temporaryFolder())
  onTestFinished(() => store.close())
  const stop = store.watch(heard)
  return { store, heard, stop }
}

it('tells of each change how long it took, and of nothing else', async () => {
  const { store, heard } = await open()
  await store.users.insert(bob)
  await store.users.update({ ...bob, id: 1 })
  await store.users.remove(1)
  await store.operators.insert(ann)
  await store.operators.update(ann)
  await store.operators.remove('ann')
  await store.settings.save(1, new Map([['backlog', 9]]))
  expect(heard).toHaveBeenCalledTimes(7)
  for (const told of heard.mock.calls) expect(told).toEqual([expect.any(Number), undefined])
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

it('tells nothing any more once it is told to stop', async () => {
  const { store, heard, stop } = await open()
  stop()
  await store.users.insert(bob)
  expect(heard).not.toHaveBeenCalled()
})
