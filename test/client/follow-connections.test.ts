import { setTimeout } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { Connection, EventName, EventParams } from '../../shared/protocol/methods.ts'
import { type Client, ConnectionError, followConnections } from '../../tui/client/index.ts'

/** A client whose daemon is the test. */
function fakeClient() {
  const listeners = new Map<string, (params: never) => void>()
  const ending = Promise.withResolvers<ConnectionError>()
  const calls: string[] = []
  const client: Client = {
    instance: 'a',
    role: 'admin',
    closed: ending.promise,
    call: async (method) => {
      calls.push(method)
      return {} as never
    },
    on: (event, listener) => {
      listeners.set(event, listener)
      return () => listeners.delete(event)
    },
    events: () => expect.unreachable(),
    close: () => {},
  }
  const say = <E extends EventName>(event: E, params: EventParams<E>) => listeners.get(event)?.(params as never)
  return { client, calls, say, end: () => ending.resolve(new ConnectionError('lost', 'gone')) }
}

const row = (id: string) => ({ id }) as Connection
const change = (seq: number, ...closed: string[]) => ({ seq, changed: [], moved: [], closed })

async function follow() {
  const fake = fakeClient()
  const heard: unknown[] = []
  await followConnections(fake.client, {
    snapshot: (rows) => heard.push(rows.map(({ id }) => id)),
    failed: (error) => heard.push(error),
    changed: (changes) => heard.push(changes.map(({ closed }) => closed.join())),
  })
  return { ...fake, heard }
}

test('the pages of a snapshot are one table', async () => {
  const { say, heard } = await follow()
  say('connections.snapshot', { seq: 0, connections: [row('1')], last: false })
  expect(heard).toEqual([])
  say('connections.snapshot', { seq: 1, connections: [row('2')], last: true })
  expect(heard).toEqual([['1', '2']])
})

test('changes that come together are told together, in order', async () => {
  const { say, heard } = await follow()
  say('connections.snapshot', { seq: 0, connections: [], last: true })
  for (const seq of [1, 2, 3]) say('connections.changed', change(seq, `${seq}`))
  await vi.waitFor(() => expect(heard).toEqual([[], ['1', '2', '3']]))
})

test('after a gap the table is asked for anew, and what belongs to the old subscription is not heard', async () => {
  const { say, heard, calls } = await follow()
  say('connections.snapshot', { seq: 0, connections: [row('1')], last: true })
  say('connections.changed', change(2, '1'))
  say('connections.changed', change(3))
  await vi.waitFor(() =>
    expect(calls).toEqual(['connections.subscribe', 'connections.unsubscribe', 'connections.subscribe']),
  )
  say('connections.snapshot', { seq: 0, connections: [row('2')], last: true })
  expect(heard).toEqual([['1'], ['2']])
})

test('a resync is followed by a fresh table', async () => {
  const { say, heard, calls } = await follow()
  say('connections.snapshot', { seq: 0, connections: [row('1')], last: true })
  say('connections.resync', { seq: 1 })
  say('connections.snapshot', { seq: 2, connections: [row('3')], last: true })
  expect(heard).toEqual([['1'], ['3']])
  expect(calls).toEqual(['connections.subscribe'])
})

test('what was gathered when the connection ended is forgotten', async () => {
  const { say, heard, end } = await follow()
  say('connections.snapshot', { seq: 0, connections: [], last: true })
  say('connections.changed', change(1))
  end()
  // Longer than changes are gathered.
  await setTimeout(150)
  expect(heard).toEqual([[]])
})
