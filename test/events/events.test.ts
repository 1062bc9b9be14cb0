import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type EventSources, Events } from '../../daemon/events/events.ts'
import type { AccessEntry, EventEntry, LogEntry } from '../../shared/protocol/methods.ts'
import { accessEntryOf } from '../access-log/entries.ts'

const anything = { may: () => true }

/** An access log, an audit, bans and a log of the tests' making. */
function start() {
  const ended: AccessEntry[] = []
  let hearEnded: ((text: string, missed: number, taken: () => void) => void) | undefined
  let hearLog = (_: LogEntry): void => {}
  let hearFleet = (_: string): void => {}
  let taken = 0
  const sources: EventSources = {
    accessLog: {
      list: async ({ limit = 500, cursor = '0' }) => {
        const [from, to] = [Number(cursor), Number(cursor) + limit]
        const entries = ended.toReversed().slice(from, to)
        return to < ended.length ? { entries, next: String(to) } : { entries }
      },
      follow: (_, hear) => {
        hearEnded = hear
        const stop = () => {
          hearEnded = undefined
        }
        return { stop }
      },
    },
    audit: { watch: () => () => {} },
    watches: { watch: () => () => {} },
    bans: { watch: () => () => {} },
    fleet: {
      watch: (hear) => {
        hearFleet = hear
        return () => {}
      },
    },
    log: {
      watch: (hear) => {
        hearLog = hear
        return () => {}
      },
    },
  }
  const events = new Events(sources)
  return {
    events,
    ended,
    isLooking: () => hearEnded !== undefined,
    taken: () => taken,
    end: (entries: readonly AccessEntry[], missed = 0) => hearEnded?.(JSON.stringify(entries), missed, () => taken++),
    changeElsewhere: (change: string) => hearFleet(change),
    log: (seq: number, level: LogEntry['level'] = 'warn') => hearLog({ seq, time: seq, level, message: `line ${seq}` }),
  }
}

const refused = (id: number, fields: Partial<AccessEntry> = {}) =>
  accessEntryOf({ id: `a-${id}`, ts: id, user: 'bob', result: 'refused', reason: 'forbidden', ...fields })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('what is known is told in the order of its time, the newest of it, as far as it is wanted and may be known', async () => {
  const { events, ended, log } = start()
  ended.push(refused(1), refused(3), refused(5, { user: 'ann' }))
  for (const seq of [2, 4]) log(seq)
  log(6, 'info')
  const told = async (wish: object) => (await events.list({ ...anything, limit: 500, ...wish })).map(({ time }) => time)
  expect(await told({})).toEqual([1, 2, 3, 4, 5])
  expect(await told({ limit: 2 })).toEqual([4, 5])
  expect(await told({ limit: 0 })).toEqual([])
  expect(await told({ since: 3 })).toEqual([3, 4, 5])
  expect(await told({ filter: 'user:bob' })).toEqual([1, 3])
  expect(await told({ filter: 'kind:log' })).toEqual([2, 4])
  expect(await told({ may: ({ kind }: EventEntry) => kind !== 'log' })).toEqual([1, 3, 5])
  await expect(events.list({ ...anything, limit: 1, filter: 'kind:nonsense' })).rejects.toThrow(/kind/)
  expect(() => events.follow({ ...anything, filter: '~a+' }, () => {})).toThrow(/no regular expressions/)
})

test('what another node has changed is one, too', async () => {
  const { events, changeElsewhere } = start()
  changeElsewhere('the rules changed on node b')
  expect(await events.list({ ...anything, limit: 1, filter: 'kind:fleet' })).toMatchObject([
    { kind: 'fleet', level: 'info', text: 'the rules changed on node b' },
  ])
})

test('of what is rare the last thousand are kept', async () => {
  const { events, log } = start()
  for (let seq = 1; seq <= 1500; seq++) log(seq)
  const told = await events.list({ ...anything, limit: 5000 })
  expect([told.length, told[0]?.time, new Set(told.map(({ id }) => id)).size]).toEqual([1000, 501, 1000])
})

test('connections that end alike are one event, and no more of them are taken than are told', () => {
  const { events, end, isLooking, taken } = start()
  expect(isLooking()).toBe(false)
  const heard: [readonly EventEntry[], number][] = []
  const stop = events.follow(anything, (...told) => heard.push(told))
  end([refused(1), refused(2), refused(3, { user: 'ann' })])
  end([refused(4)], 7)
  expect([heard.length, taken()]).toEqual([0, 0])
  vi.advanceTimersByTime(500)
  expect(heard).toMatchObject([
    [
      [
        { id: 'a-3', user: 'ann', count: 1 },
        { id: 'a-1', time: 4, user: 'bob', count: 3 },
      ],
      7,
    ],
  ])
  expect(taken()).toBe(2)
  end(Array.from({ length: 900 }, (_, i) => refused(10 + i, { source: `192.0.${i % 256}.${i >> 8}:1` })))
  vi.advanceTimersByTime(500)
  expect([heard[1]?.[0].length, heard[1]?.[1]]).toEqual([200, 700])
  stop()
  expect(isLooking()).toBe(false)
})

test('who follows hears at once of what is rare, as far as it is wanted, and nothing after the end', () => {
  const { events, log, end } = start()
  const heard: string[] = []
  const stop = events.follow({ ...anything, filter: 'level:error' }, (told) =>
    heard.push(...told.map(({ text }) => text)),
  )
  events.follow(anything, () => {})
  log(1)
  log(2, 'error')
  end([refused(3)])
  vi.advanceTimersByTime(500)
  stop()
  log(4, 'error')
  expect(heard).toEqual(['line 2'])
})
