import { beforeEach, expect, it } from 'vitest'
import { endedCapacity, Reason } from '../../daemon/engine/session-table.ts'
import { ObservedConnections } from '../../daemon/observe/connections.ts'
import { countEndings } from '../../daemon/observe/metrics.ts'
import { configure } from '../../daemon/settings/configuration.ts'
import { asItIs, FakeLoop, listed } from './fake-loop.ts'

const { values: settings } = configure({ 'timeout-connect': 321, 'timeout-idle': 4321 }, {}, {}, 0)
const opened = 1_700_000_000_000

const rateOf = () => ({ up: 0, down: 0 })

let loops: [FakeLoop, FakeLoop]
let connections: ObservedConnections

beforeEach(() => {
  loops = [new FakeLoop(), new FakeLoop()]
  connections = observe()
})

function observe(nameOf: (index: number) => string | undefined = (index) => (index === 1 ? 'ann' : undefined)) {
  const tables = loops.map(({ table }) => table)
  return new ObservedConnections({ tables, order: async () => [] }, nameOf, () => settings, asItIs, rateOf)
}

/** Begins a session in slot 0 and ends it. */
function pass(loop: FakeLoop, serial: number, ended = opened + serial, reason?: Reason): void {
  loop.begin(0, { serial, opened })
  if (reason === Reason.finished) loop.connected(0)
  loop.end(0, reason, ended)
}

const serialsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => Number(id.split('-')[1]))

it('keeps the row of a session that has ended as it was last, under its id', () => {
  const [loop] = loops
  loop.begin(3, { serial: 5, opened, client: ['::1', 50_000] })
  loop.login(3, 1)
  loop.request(3, 'www.example.com', 443)
  loop.dial(3, '192.0.2.1', 443)
  loop.connected(3)
  loop.move(3, 10, 2 ** 40)
  const [live] = listed(connections)
  expect(connections.closed(10)).toEqual([])
  loop.end(3, Reason.reset, opened + 99)
  expect(listed(connections)).toEqual([])
  expect(connections.closed(10)).toEqual([{ ...live, ended: opened + 99, reason: 'reset' }])
  expect(live).toMatchObject({ up: 10, down: 2 ** 40, user: 'ann' })
})

it('lists those of all loops, newest first, as many as are wanted', () => {
  const [one, two] = loops
  pass(one, 1, opened + 50)
  pass(two, 2, opened + 70)
  pass(one, 3, opened + 70)
  pass(two, 4, opened + 60)
  expect(serialsOf(connections.closed(10))).toEqual([3, 2, 4, 1])
  expect(serialsOf(connections.closed(2))).toEqual([3, 2])
})

it('remembers a bounded number of each loop, and forgets the oldest first', () => {
  const [one, two] = loops
  pass(two, 10_000, opened)
  for (let serial = 1; serial <= endedCapacity + 3; serial++) pass(one, serial)
  const serials = serialsOf(connections.closed(2 * endedCapacity))
  // One row is kept free for the next.
  expect(serials).toHaveLength(endedCapacity)
  expect(serials.slice(0, 2)).toEqual([endedCapacity + 3, endedCapacity + 2])
  expect(serials.slice(-2)).toEqual([5, 10_000])
})

it('leaves out a row that is given to another session while it is read', () => {
  const [loop] = loops
  for (let serial = 1; serial <= endedCapacity; serial++) {
    loop.begin(0, { serial, opened })
    loop.login(0, 1)
    loop.end(0, Reason.gone, opened + serial)
  }
  let reads = 0
  const racing = observe(() => {
    // Just when the oldest is read.
    if (++reads === endedCapacity - 1) for (const further of [1, 2]) pass(loop, endedCapacity + further)
    return 'ann'
  })
  const serials = serialsOf(racing.closed(endedCapacity))
  expect(reads).toBe(endedCapacity - 1)
  expect(serials).toHaveLength(endedCapacity - 2)
  expect(serials.at(-1)).toBe(3)
})

it('tells all about a live session: its states, and the settings that bound it now', () => {
  const [, loop] = loops
  loop.begin(0, { serial: 7, opened })
  const [{ id = '' } = {}] = listed(connections)
  expect(connections.get(id)).toEqual({
    connection: listed(connections)[0],
    end: null,
    timeline: [{ state: 'negotiating', since: opened }],
    limits: [{ setting: 'timeout-negotiation', value: settings['timeout-negotiation'] }],
  })
  loop.request(0, 'www.example.com', 443)
  expect(connections.get(id)?.limits).toEqual([{ setting: 'timeout-resolve', value: settings['timeout-resolve'] }])
  loop.dial(0, '192.0.2.1', 443)
  expect(connections.get(id)?.limits).toEqual([{ setting: 'timeout-connect', value: 321 }])
  loop.connected(0)
  expect(connections.get(id)).toMatchObject({
    timeline: ['negotiating', 'resolving', 'connecting', 'open'].map((state, i) => ({ state, since: opened + i })),
    limits: [
      { setting: 'timeout-idle', value: 4321 },
      { setting: 'timeout-half-closed', value: settings['timeout-half-closed'] },
    ],
  })
})

it('tells what bounds an association: its own time', () => {
  const [loop] = loops
  loop.begin(0, { serial: 7, opened })
  loop.table.command[0] = 3
  loop.connected(0)
  const [{ id = '' } = {}] = listed(connections)
  expect(connections.get(id)?.limits).toEqual([{ setting: 'timeout-udp', value: settings['timeout-udp'] }])
})

it('tells all about a session that has ended, but no limits any more', () => {
  const [loop] = loops
  loop.begin(0, { serial: 7, opened })
  const [live] = listed(connections)
  loop.table.refuse(0, Reason.denied, opened + 5)
  expect(connections.get(live?.id ?? '')).toMatchObject({ end: null, limits: [] })
  loop.end(0, undefined, opened + 9)
  expect(connections.get(live?.id ?? '')).toEqual({
    connection: { ...live, state: 'closing' },
    end: { time: opened + 9, reason: 'denied' },
    timeline: [
      { state: 'negotiating', since: opened },
      { state: 'closing', since: opened + 5 },
    ],
    limits: [],
  })
})

it('begins the next session of a slot with a clean row', () => {
  const [loop] = loops
  loop.begin(0, { serial: 1, opened })
  loop.request(0, 'www.example.com', 443)
  loop.dial(0, '192.0.2.1', 443)
  loop.connected(0)
  loop.end(0)
  loop.begin(0, { serial: 2, opened: opened + 50 })
  const [next] = listed(connections)
  expect(next).toMatchObject({ destination: null, address: null })
  expect(connections.get(next?.id ?? '')?.timeline).toEqual([{ state: 'negotiating', since: opened + 50 }])
})

it('knows nothing of a session that was forgotten, of another start, or of none', () => {
  pass(loops[0], 1)
  const [{ id = '' } = {}] = connections.closed(1)
  expect(connections.get(id)?.end?.reason).toBe('failed')
  for (let serial = 2; serial <= endedCapacity + 1; serial++) pass(loops[0], serial)
  for (const other of [id, id.replace(/^..../, '####'), `${id.slice(0, 5)}0`, '', 'nonsense']) {
    expect(connections.get(other)).toBeUndefined()
  }
})

it('counts endings by reason, and as failures those that came before a session stood', () => {
  const [one, two] = loops
  const refused = [Reason.denied, Reason.denied, Reason.failed, Reason.quota]
  for (const [i, reason] of refused.entries()) pass(i % 2 === 0 ? one : two, i + 1, opened, reason)
  for (const [i, reason] of [Reason.quota, Reason.finished].entries()) {
    one.begin(0, { serial: 10 + i, opened })
    one.connected(0)
    one.end(0, reason)
  }
  expect(countEndings([one.table, two.table])).toEqual({
    failed: 4,
    denied: 2,
    ended: { denied: 2, failed: 1, quota: 2, finished: 1 },
  })
})
