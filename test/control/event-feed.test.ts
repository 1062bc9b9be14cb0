import { expect, it, vi } from 'vitest'
import type { EventEntry } from '../../shared/protocol/methods.ts'
import { entered } from './raw-client.ts'
import { startControl } from './start-control.ts'

function eventOf(number: number, fields: Partial<EventEntry> = {}): EventEntry {
  const kind = 'banned'
  return {
    id: `e${number}`,
    time: number,
    kind,
    level: 'warn',
    text: 'x',
    user: null,
    source: null,
    count: 1,
    ...fields,
  }
}

it('sends a client what was, then what happens, and how much is missing', async () => {
  const control = await startControl()
  const { events } = control.backend
  events.events = [eventOf(1), eventOf(2)]
  const client = await entered(control)
  expect((await client.call('events.subscribe', { history: 1 })).result.events).toEqual([eventOf(2)])
  events.tell([eventOf(3)], 4)
  expect(await client.next()).toEqual({
    jsonrpc: '2.0',
    method: 'events.entries',
    params: { events: [eventOf(3)], missed: 4 },
  })
  await client.call('events.unsubscribe')
  expect(events.followers).toBe(0)
})

it('keeps what operators did from who is no admin, also who gives that up while following', async () => {
  const control = await startControl()
  const { events } = control.backend
  events.events = [eventOf(1, { kind: 'change' }), eventOf(2)]
  const client = await entered(control)
  expect((await client.call('events.list')).result.events).toHaveLength(2)
  await client.call('events.subscribe')
  await client.call('session.drop', { role: 'operator' })
  events.tell([eventOf(3, { kind: 'operator_login' }), eventOf(4)])
  expect((await client.next())?.params.events).toEqual([eventOf(4)])
  expect((await client.call('events.list')).result.events.map(({ id }: EventEntry) => id)).toEqual(['e2', 'e4'])
})

it('counts what a slow client could not be told, and tells it the newest', async () => {
  const control = await startControl({ limits: { unsentPush: 64 * 1024, unsentLog: 100, stall: 60_000 } })
  const { events } = control.backend
  const client = await entered(control)
  await client.call('events.subscribe')
  client.socket.pause()
  const most = 20_000
  for (let number = 1; number <= most; number += 50) {
    events.tell(Array.from({ length: 50 }, (_, i) => eventOf(number + i, { text: 'y'.repeat(1000) })))
    if (number % 20 === 1) await new Promise(setImmediate)
  }
  client.socket.resume()
  let [heard, missed, last] = [0, 0, '']
  while (last !== `e${most}`) {
    const { params } = (await client.next()) ?? {}
    heard += params.events.length
    missed += params.missed
    last = params.events.at(-1)?.id ?? last
  }
  expect(heard + missed).toBe(most)
  expect(missed).toBeGreaterThan(1000)
})

it('gathers what was once at a time for each client, for that takes the files of the access log', async () => {
  const control = await startControl()
  const searches: PromiseWithResolvers<EventEntry[]>[] = []
  vi.spyOn(control.backend.events, 'list').mockImplementation(() => {
    const search = Promise.withResolvers<EventEntry[]>()
    searches.push(search)
    return search.promise
  })
  const client = await entered(control)
  const asked = [
    client.request('events.list'),
    client.request('events.subscribe', { history: 1 }),
    client.request('events.unsubscribe'),
  ]
  // In the order in which they came: no answer of the first two is there before it was found.
  await client.call('session.ping')
  expect(searches).toHaveLength(1)
  searches[0]?.resolve([])
  expect((await client.next())?.id).toBe(asked[0])
  expect(searches).toHaveLength(2)
  searches[1]?.resolve([])
  expect((await client.next())?.id).toBe(asked[1])
  expect((await client.next())?.id).toBe(asked[2])
  expect(control.backend.events.followers).toBe(0)
})
