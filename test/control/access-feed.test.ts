import { expect, it, vi } from 'vitest'
import { accessEntryOf } from '../access-log/entries.ts'
import { entered } from './raw-client.ts'
import { startControl } from './start-control.ts'

it('sends a client what was, then what comes, and how much is missing', async () => {
  const control = await startControl()
  const { accessLog } = control.backend
  accessLog.entries = [accessEntryOf({ id: 'a-1' }), accessEntryOf({ id: 'a-2' })]
  const client = await entered(control)
  expect((await client.call('access.subscribe', { history: 1 })).result.entries).toMatchObject([{ id: 'a-2' }])
  accessLog.tell([accessEntryOf({ id: 'a-3' })], 4)
  expect(await client.next()).toEqual({
    jsonrpc: '2.0',
    method: 'access.entries',
    params: { entries: [accessEntryOf({ id: 'a-3' })], missed: 4 },
  })
  await client.call('access.unsubscribe')
  expect(accessLog.followers).toBe(0)
})

it('takes no more than a client reads', async () => {
  const control = await startControl({ limits: { unsentPush: 64 * 1024, stall: 60_000 } })
  const { accessLog } = control.backend
  const client = await entered(control)
  await client.call('access.subscribe')
  client.socket.pause()
  const entries = Array.from({ length: 500 }, () => accessEntryOf())
  let taken = 0
  let told = 0
  // What the kernel takes is bounded, too.
  while (told - taken < 100 && told < 10_000) {
    accessLog.tell(entries, 0, () => taken++)
    if (++told % 20 === 0) await new Promise(setImmediate)
  }
  expect(told - taken).toBe(100)
  client.socket.resume()
  for (let heard = 0; heard < told; heard++) expect((await client.next())?.method).toBe('access.entries')
  expect(taken).toBe(told)
})

it('ends with the client', async () => {
  const control = await startControl()
  const client = await entered(control)
  await client.call('access.subscribe')
  expect(control.backend.accessLog.followers).toBe(1)
  client.socket.end()
  await client.closed
  expect(control.backend.accessLog.followers).toBe(0)
})

it('looks into the files once at a time for each client, and not for one that has gone', async () => {
  const control = await startControl()
  const searches: PromiseWithResolvers<{ entries: [] }>[] = []
  vi.spyOn(control.backend.accessLog, 'list').mockImplementation(() => {
    const search = Promise.withResolvers<{ entries: [] }>()
    searches.push(search)
    return search.promise
  })
  const found = (at: number) => searches[at]?.resolve({ entries: [] })
  const greedy = await entered(control)
  for (let i = 0; i < 10; i++) greedy.request('access.list')
  await vi.waitFor(() => expect(searches).toHaveLength(1))
  const other = await entered(control)
  const answer = other.call('access.list')
  await vi.waitFor(() => expect(searches).toHaveLength(2))
  found(1)
  expect((await answer).result).toEqual({ entries: [] })
  found(0)
  await vi.waitFor(() => expect(searches).toHaveLength(3))
  const [{ id }] = (await other.call('sessions.list')).result.sessions
  await other.call('sessions.cut', { id })
  found(2)
  await other.call('session.ping')
  expect(searches).toHaveLength(3)
})

it('follows nothing for who has given up the right to meanwhile', async () => {
  const control = await startControl()
  const search = Promise.withResolvers<{ entries: [] }>()
  vi.spyOn(control.backend.accessLog, 'list').mockReturnValue(search.promise)
  const client = await entered(control)
  const list = client.request('access.list')
  const subscribe = client.request('access.subscribe')
  await client.call('session.drop', { role: 'viewer' })
  search.resolve({ entries: [] })
  expect(await client.next()).toMatchObject({ id: list, result: { entries: [] } })
  expect(await client.next()).toMatchObject({ id: subscribe, error: { data: { kind: 'forbidden' } } })
  expect(control.backend.accessLog.followers).toBe(0)
})
