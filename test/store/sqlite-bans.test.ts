import { expect, it } from 'vitest'
import { openStore } from '../../daemon/store/open-store.ts'
import type { Ban } from '../../shared/protocol/methods.ts'
import { alter, makeStore } from '../helpers/stores.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const earned: Ban = { source: '192.0.2.1', since: 1000, until: 16_000, reason: 'login', by: null }
const forGood: Ban = { source: '2001:db8::/48', since: 1000, until: null, reason: 'operator', by: 'alice' }

it('keeps bans, each in the place of the one before, until they are forgotten', async () => {
  const folder = await temporaryFolder()
  let store = await openStore(folder)
  await store.bans.save(new Map([earned, forGood].map((ban) => [ban.source, ban])))
  const longer = { ...earned, until: 31_000 }
  await store.bans.save(new Map([[longer.source, longer]]))
  await store.close()
  store = await openStore(folder)
  expect(await store.bans.list()).toEqual([longer, forGood])
  await store.bans.save(
    new Map([
      [longer.source, null],
      ['192.0.2.7', null],
    ]),
  )
  expect(await store.bans.list()).toEqual([forGood])
  await store.close()
})

it('forgets a ban whose source is no text any more', async () => {
  const folder = await temporaryFolder()
  const file = await makeStore(folder)
  alter(file, "INSERT INTO bans VALUES (CAST(x'31b932' AS TEXT), 1, NULL, 'operator', 'alice')")
  const store = await openStore(folder)
  const [{ source } = forGood] = await store.bans.list()
  await store.bans.save(new Map([[source, null]]))
  expect(await store.bans.list()).toEqual([])
  await store.close()
})

it('saves all of a change or nothing, and goes on', async () => {
  const store = await openStore(await temporaryFolder())
  const broken = { ...forGood, since: 'never' } as unknown as Ban
  const change = new Map([earned, broken].map((ban) => [ban.source, ban]))
  await expect(store.bans.save(change)).rejects.toThrow()
  expect(await store.bans.list()).toEqual([])
  await store.bans.save(new Map([[earned.source, earned]]))
  expect(await store.bans.list()).toEqual([earned])
  await store.close()
})
