import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Connection, EventName, EventParams } from '../../shared/protocol/methods.ts'
import {
  type Client,
  ConnectionError,
  type ConnectionListener,
  changeRows,
  followConnections,
} from '../../tui/client/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTellingOf } from '../helpers/most-telling.ts'

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

async function follow(signal?: AbortSignal) {
  const fake = fakeClient()
  const heard: unknown[] = []
  const listener: ConnectionListener = {
    snapshot: (rows) => heard.push(rows.map(({ id }) => id)),
    failed: (error) => heard.push(error),
    changed: (changes) => heard.push(changes.map(({ closed }) => closed.join())),
  }
  await followConnections(fake.client, listener, { signal })
  return { ...fake, heard }
}

test('the pages of a snapshot are one table', async () => {
  const { say, heard } = await follow()
  say('connections.snapshot', { seq: 0, connections: [row('1')], last: false })
  expect(heard).toEqual([])
  say('connections.snapshot', { seq: 1, connections: [row('2')], last: true })
  expect(heard).toEqual([['1', '2']])
})

/** Rows of which there cannot be so many events. */
const endless: readonly (readonly [what: string, rows: Connection[], events: number])[] = [
  ['many', Array.from({ length: 500 }, () => row('1')), 2_001],
  ['long', [row('1'.repeat(10_000_000))], 50],
]

test.each(mostTellingOf(endless))('a snapshot whose rows are too %s is given up', async (_, connections, events) => {
  const { say, heard, calls } = await follow()
  for (let seq = 0; seq <= events; seq++) say('connections.snapshot', { seq, connections, last: false })
  expect(heard).toEqual([
    expect.objectContaining({ kind: 'internal_error', message: expect.stringContaining('no end') }),
  ])
  expect(calls).toEqual(['connections.subscribe', 'connections.unsubscribe'])
})

test.each(mostTellingOf(endless))(
  'where rows that come without going are too %s the table is asked for anew',
  async (_, changed, events) => {
    const { say, heard, calls } = await follow()
    say('connections.snapshot', { seq: 0, connections: changed, last: true })
    for (let seq = 1; seq < events; seq++) say('connections.changed', { ...change(seq), changed })
    expect(calls).toEqual(['connections.subscribe'])
    say('connections.changed', { ...change(events), changed })
    say('connections.changed', { ...change(events + 1), changed })
    await eventually(() =>
      expect(calls).toEqual(['connections.subscribe', 'connections.unsubscribe', 'connections.subscribe']),
    )
    say('connections.snapshot', { seq: 0, connections: [row('2')], last: true })
    say('connections.changed', { ...change(1, '2'), changed })
    expect(calls).toHaveLength(3)
    await eventually(() => expect(heard.at(-1)).toEqual(['2']))
  },
)

test.each([
  ['has more rows than a page has', Array.from({ length: 340_000 }, () => row('1'))],
  ['has no rows', null as unknown as Connection[]],
])('a snapshot of which a page %s is given up', async (_, connections) => {
  const { say, heard, calls } = await follow()
  say('connections.snapshot', { seq: 0, connections, last: false })
  expect(heard).toEqual([expect.objectContaining({ message: 'a page of the table makes no sense' })])
  expect(calls).toEqual(['connections.subscribe', 'connections.unsubscribe'])
})

test('changes that come together are told together, in order', async () => {
  const { say, heard } = await follow()
  say('connections.snapshot', { seq: 0, connections: [], last: true })
  for (const seq of [1, 2, 3]) say('connections.changed', change(seq, `${seq}`))
  await eventually(() => expect(heard).toEqual([[], ['1', '2', '3']]))
})

test('after a gap the table is asked for anew, and what belongs to the old subscription is not heard', async () => {
  const { say, heard, calls } = await follow()
  say('connections.snapshot', { seq: 0, connections: [row('1')], last: true })
  say('connections.changed', change(2, '1'))
  say('connections.changed', change(3))
  await eventually(() =>
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

test('an aborted signal ends it: nothing more is heard, and the daemon is told', async () => {
  const enough = new AbortController()
  const { say, heard, calls } = await follow(enough.signal)
  say('connections.snapshot', { seq: 0, connections: [], last: true })
  say('connections.changed', change(1))
  enough.abort()
  say('connections.changed', change(2))
  expect(calls).toEqual(['connections.subscribe', 'connections.unsubscribe'])
  // Longer than changes are gathered.
  await setTimeout(150)
  expect(heard).toEqual([[]])
  await expect(follow(enough.signal)).rejects.toThrow(/aborted/)
})

test('a signal that aborts while the table is asked for anew is the end all the same', async () => {
  const enough = new AbortController()
  const { say, calls } = await follow(enough.signal)
  say('connections.snapshot', { seq: 0, connections: [], last: true })
  say('connections.changed', change(2))
  enough.abort()
  await setTimeout(0)
  expect(calls).toEqual(['connections.subscribe', 'connections.unsubscribe', 'connections.unsubscribe'])
})

test('changes are carried out in order: new rows, byte counts of rows that are there, and ends', () => {
  const rows = new Map([['1', row('1')]])
  changeRows(rows, [
    { changed: [row('2')], moved: [['1', 3, 4]], closed: [] },
    { changed: [], moved: [['9', 1, 1]], closed: ['2'] },
  ])
  expect([...rows.values()]).toEqual([{ id: '1', up: 3, down: 4 }])
})
