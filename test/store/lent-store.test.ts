import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished, vi } from 'vitest'
import { noLimits } from '../../daemon/access/accounts.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import type { Elsewhere } from '../../daemon/store/store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 1, ...noLimits }

async function begin() {
  const folder = await temporaryFolder()
  const store = await openStore(folder)
  onTestFinished(() => store.close())
  return { folder, store }
}

it('is another’s while it is lent, and what is asked meanwhile is done when it is back', async () => {
  const { folder, store } = await begin()
  await store.users.insert(bob)
  await store.lend(false)
  const asked = store.users.list()
  const other = await openStore(folder)
  await other.users.insert({ ...bob, name: 'carol' })
  await other.close()
  await store.takeBack()
  expect((await asked).map(({ name }) => name)).toEqual(['bob', 'carol'])
})

it('is as before when the other has brought it to a later schema and fails, and no copy is left', async () => {
  const { folder, store } = await begin()
  await store.users.insert(bob)
  await store.lend(true)
  const later = new DatabaseSync(join(folder, 'proxyd.db'))
  later.exec('DELETE FROM users; PRAGMA user_version = 999')
  later.close()
  await store.takeBack()
  expect((await store.users.list()).map(({ name }) => name)).toEqual(['bob'])
  expect(readdirSync(folder).filter((name) => name.includes('upgrade'))).toEqual([])
})

it('cannot be taken back as long as the other has it, which the calls that wait are told, and later ones find it', async () => {
  const { folder, store } = await begin()
  await store.lend(false)
  const asked = store.users.list().catch((error: unknown) => error)
  const other = await openStore(folder)
  await expect(store.takeBack()).rejects.toMatchObject({ problem: 'locked' })
  expect(await asked).toMatchObject({ problem: 'locked' })
  await other.close()
  expect(await store.users.list()).toEqual([])
})

it('is asked elsewhere once it is given away, also for what waits', async () => {
  const { store } = await begin()
  await store.lend(true)
  const asked = store.bans.save(new Map())
  const change = vi.fn<Elsewhere['change']>(async () => 7)
  const read = vi.fn<Elsewhere['read']>(async () => 8)
  store.giveAway({ change, read })
  expect(await asked).toBe(7)
  expect(await store.users.insert(bob)).toBe(7)
  expect(await store.users.named('bob')).toBe(8)
  expect(change.mock.calls).toEqual([
    ['bans', 'save', [new Map()]],
    ['users', 'insert', [bob]],
  ])
  expect(read.mock.calls).toEqual([['users', 'named', ['bob']]])
})
