import { expect, it } from 'vitest'
import { entered } from './raw-client.ts'
import { startControl } from './start-control.ts'

const by = { by: 'ann', role: 'admin', from: 'unix', outcome: 'ok' } as const

it('sends whoever follows the bans those there are, then what changes, of a source that changes again the last', async () => {
  const control = await startControl()
  const { bans } = control.backend
  const { ban } = await bans.add('192.0.2.1', undefined, 'ann')
  const client = await entered(control)
  await client.call('bans.subscribe')
  expect(await client.next()).toMatchObject({ method: 'bans.snapshot', params: { seq: 0, bans: [ban], last: true } })
  await bans.add('192.0.2.2', 60, 'ann')
  const { ban: longer } = await bans.add('192.0.2.2', 3600, 'ann')
  await bans.remove('192.0.2.1')
  expect(await client.next()).toMatchObject({
    method: 'bans.changed',
    params: { seq: 1, changed: [longer], removed: ['192.0.2.1'] },
  })
})

it('tells of many bans in pages', async () => {
  const control = await startControl()
  const { bans } = control.backend
  const client = await entered(control)
  await client.call('bans.subscribe')
  await client.next()
  for (let at = 0; at < 501; at++) await bans.add(`10.0.${at >> 8}.${at & 255}`, 60, 'ann')
  const lengths = [await client.next(), await client.next()].map((line) => line?.params.changed.length)
  expect(lengths).toEqual([500, 1])
})

it('sends an admin what operators did, from the last on, and nothing any longer to who gives that up', async () => {
  const control = await startControl()
  const { audit } = control.backend
  for (const action of ['users.add', 'users.cut']) audit.enter({ ...by, action, given: {} })
  const client = await entered(control)
  const last = audit.entries.toReversed().slice(-2)
  expect((await client.call('audit.subscribe', { history: 2 })).result.entries).toEqual(last)
  audit.enter({ ...by, action: 'bans.add', given: {} })
  expect(await client.next()).toMatchObject({
    method: 'audit.entries',
    params: { entries: [{ action: 'bans.add', id: audit.entries[0]?.id }], missed: 0 },
  })
  await client.call('session.drop', { role: 'operator' })
  expect(audit.followers).toBe(0)
  expect((await client.call('audit.subscribe')).error?.data.kind).toBe('forbidden')
})
