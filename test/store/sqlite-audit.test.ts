import { expect, it } from 'vitest'
import { openStore } from '../../daemon/store/open-store.ts'
import type { AuditEntry } from '../../shared/protocol/methods.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const everything = { since: 0, bytes: Number.MAX_SAFE_INTEGER }

function entry(time: number, rest: Partial<AuditEntry> = {}): Omit<AuditEntry, 'id'> {
  return {
    time,
    by: 'ann',
    role: 'admin',
    from: 'unix',
    action: 'users.add',
    given: {},
    outcome: 'ok',
    count: 1,
    ...rest,
  }
}

it('keeps entries over restarts, and finds them by who, what and when, the newest first', async () => {
  const folder = await temporaryFolder()
  let store = await openStore(folder)
  const change = entry(2, { action: 'users.set', given: { names: ['bob'] }, before: {}, after: { quota: 5 } })
  await store.audit.append([entry(1), change, entry(3, { by: null, action: 'login' })], everything)
  await store.close()
  store = await openStore(folder)
  const times = async (wish: object) => (await store.audit.list({ limit: 10, ...wish })).map(({ time }) => time)
  expect(await times({})).toEqual([3, 2, 1])
  expect(await times({ by: 'ann' })).toEqual([2, 1])
  expect(await times({ action: 'users' })).toEqual([2, 1])
  expect(await times({ action: 'users.set' })).toEqual([2])
  expect(await times({ action: 'user' })).toEqual([])
  expect(await times({ since: 2, until: 3 })).toEqual([2])
  expect(await times({ limit: 1 })).toEqual([3])
  const [newest] = await store.audit.list({ limit: 1 })
  expect(await times({ before: newest?.id })).toEqual([2, 1])
  expect((await store.audit.list({ limit: 1, action: 'users.set' }))[0]).toEqual({ ...change, id: expect.any(Number) })
  await store.close()
})

it('forgets what is too old, and the oldest of what is too much', async () => {
  const store = await openStore(await temporaryFolder())
  await store.audit.append([entry(1), entry(2)], everything)
  await store.audit.append([entry(3)], { since: 2, bytes: Number.MAX_SAFE_INTEGER })
  expect((await store.audit.list({ limit: 10 })).map(({ time }) => time)).toEqual([3, 2])
  const long = { given: { text: 'x'.repeat(1000) } }
  for (let time = 4; time < 1000; time++) await store.audit.append([entry(time, long)], { since: 0, bytes: 500_000 })
  const left = await store.audit.list({ limit: 10_000 })
  expect(left[0]?.time).toBe(999)
  expect(left.length).toBeLessThan(500)
  expect(left.length).toBeGreaterThan(300)
  await store.close()
})
