import { expect, it } from 'vitest'
import { Collector, type Wish } from '../../daemon/access-log/collector.ts'
import { EntryReader } from '../../daemon/access-log/entry.ts'
import { UserNames } from '../../daemon/access-log/user-names.ts'
import { endedCapacity, Reason, State } from '../../daemon/engine/session-table.ts'
import { asItIs, FakeLoop } from '../observe/fake-loop.ts'

function collect(wish: Partial<Wish> = {}, loops = [new FakeLoop()]) {
  const users = new UserNames()
  const reader = new EntryReader('tag', users, asItIs)
  const tables = loops.map(({ table }) => table)
  const collector = new Collector(
    tables,
    reader,
    tables.map(() => 0),
  )
  collector.wish = { end: true, start: false, alive: undefined, ...wish }
  const [loop = new FakeLoop()] = loops
  return { loop, loops, users, reader, collector }
}

/** It came at `from`, asked for a.example:443, was dialled a millisecond later and served another one later. */
function open(loop: FakeLoop, slot: number, serial: number, from: number): void {
  loop.begin(slot, { serial, opened: from })
  loop.request(slot, 'a.example', 443)
  loop.dial(slot, '192.0.2.1', 443)
  loop.connected(slot)
}

it('tells all of a session that has ended', () => {
  const { loop, users, collector } = collect()
  users.give(7, 'bob', 0)
  loop.begin(0, { serial: 17, opened: 1000, client: ['2001:db8::1', 42084] })
  loop.login(0, 7)
  loop.request(0, 'a.example', 443)
  loop.dial(0, '192.0.2.1', 443)
  loop.connected(0)
  loop.move(0, 2210, 184320)
  loop.pace(0, 1, 41.4)
  loop.table.decidedBy(0, 16)
  loop.end(0, Reason.reset, 2000)
  expect(collector.collectEnded()).toEqual({
    lost: 0,
    entries: [
      {
        ts: 2000,
        event: 'end',
        id: 'tag-17',
        user: 'bob',
        source: '[2001:db8::1]:42084',
        cmd: 'connect',
        name: 'a.example',
        address: '192.0.2.1',
        port: 443,
        up: 2210,
        down: 184320,
        duration: 1000,
        connect_ms: 2,
        result: 'ok',
        reason: 'reset',
        rule: 16,
        paced_ms: 41,
        loop: 0,
      },
    ],
  })
  expect(collector.collectEnded()).toEqual({ entries: [], lost: 0 })
})

it.each([
  ['denied', 'refused'],
  ['malformed', 'refused'],
  ['forbidden', 'refused'],
  ['limitUser', 'refused'],
  ['quota', 'refused'],
  ['notFound', 'failed'],
  ['refused', 'failed'],
  ['silent', 'failed'],
  ['gone', 'failed'],
] as const)('tells whose doing it was that a request came to nothing: %s is %s', (reason, result) => {
  const { loop, collector } = collect()
  loop.begin(0, { serial: 1, opened: 10 })
  loop.end(0, Reason[reason])
  expect(collector.collectEnded().entries).toMatchObject([
    { result, connect_ms: null, name: null, address: null, port: null },
  ])
})

it.each([
  ['none', '192.0.2.77', '192.0.2.77:42084'],
  ['none', '2001:db8:7:1::2', '[2001:db8:7:1::2]:42084'],
  ['net', '192.0.2.77', '192.0.2.0/24'],
  ['net', '2001:db8:7:1::2', '2001:db8:7::/48'],
  ['full', '192.0.2.77', null],
] as const)('with the mask %s tells of %s: %s', (mask, address, source) => {
  const { loop, reader, collector } = collect()
  reader.discretion = { mask, names: false }
  loop.begin(0, { serial: 1, opened: 10, client: [address, 42084] })
  loop.request(0, 'a.example', 443)
  loop.end(0)
  expect(collector.collectEnded().entries).toMatchObject([{ source, name: null, port: 443 }])
})

it('knows whose a session was when its index is somebody else’s by now', () => {
  const { loop, users, collector } = collect()
  users.give(7, 'ann', Number.NEGATIVE_INFINITY)
  loop.begin(0, { serial: 1, opened: 10 })
  loop.login(0, 7)
  loop.end(0, Reason.cut, 99)
  users.give(7, 'bob', 100)
  loop.begin(0, { serial: 2, opened: 101 })
  loop.login(0, 7)
  loop.end(0, Reason.finished, 150)
  expect(collector.collectEnded().entries.map(({ user }) => user)).toEqual(['ann', 'bob'])
})

it('counts those whose rows were written over', () => {
  const { loop, collector } = collect()
  for (let serial = 1; serial <= endedCapacity + 9; serial++) {
    loop.begin(0, { serial, opened: serial })
    loop.end(0)
  }
  const { entries, lost } = collector.collectEnded()
  expect(lost).toBe(10)
  expect(entries).toHaveLength(endedCapacity - 1)
  expect(entries[0]?.id).toBe('tag-11')
})

it('tells once that a session has reached its destination, whether it is seen live or not, and before its end', () => {
  const { loop, collector } = collect({ start: true })
  open(loop, 0, 1, 1000)
  loop.begin(1, { serial: 2, opened: 1000 })
  loop.move(0, 5, 7)
  const [start, ...more] = collector.collectLive(1500)
  expect(more).toEqual([])
  expect(start).toMatchObject({
    event: 'start',
    id: 'tag-1',
    ts: 1003,
    duration: 3,
    up: 0,
    down: 0,
    reason: null,
    result: 'ok',
  })
  expect(collector.collectLive(1600)).toEqual([])
  loop.end(0)
  loop.end(1)
  open(loop, 2, 3, 1700)
  loop.end(2)
  const told = collector.collectEnded().entries.map(({ event, id }) => `${event} ${id}`)
  expect(told).toEqual(['end tag-1', 'end tag-2', 'start tag-3', 'end tag-3'])
  expect(collector.collectLive(1800)).toEqual([])
})

it('tells of a session again and again as long as it lives, in the asked for time', () => {
  const { loop, collector } = collect({ end: false, alive: 100 })
  open(loop, 0, 1, 1000)
  loop.begin(1, { serial: 2, opened: 1000 })
  const told = (now: number) => collector.collectLive(now).map(({ event, up }) => `${event} ${up}`)
  expect(told(1050)).toEqual([])
  loop.move(0, 5, 0)
  expect(told(1110)).toEqual(['alive 5'])
  expect(told(1200)).toEqual([])
  loop.move(0, 5, 0)
  expect(told(1210)).toEqual(['alive 10'])
  collector.wish = { ...collector.wish, alive: 1000 }
  expect(told(1400)).toEqual([])
  loop.end(0)
  expect(collector.collectEnded().entries).toEqual([])
  expect(told(9000)).toEqual([])
})

it('forgets live sessions whose end was lost', () => {
  const { loop, collector } = collect({ start: true })
  open(loop, 0, 1, 1000)
  expect(collector.collectLive(1100)).toHaveLength(1)
  loop.end(0)
  collector.skip()
  collector.collectLive(1200)
  collector.collectLive(1300)
  // The same serial never comes again: this shows that nothing is kept of it.
  open(loop, 0, 1, 1400)
  expect(collector.collectLive(1500)).toHaveLength(1)
})

it('tells of the sessions of all loops, and which had them', () => {
  const { loops, collector } = collect({}, [new FakeLoop(), new FakeLoop()])
  for (const [i, loop] of loops.entries()) {
    loop.begin(0, { serial: i + 1, opened: 10 })
    loop.enter(0, State.closing)
    loop.end(0)
  }
  expect(collector.collectEnded().entries.map(({ id, loop }) => [id, loop])).toEqual([
    ['tag-1', 0],
    ['tag-2', 1],
  ])
})
