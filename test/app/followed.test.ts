import { expect, test } from 'vitest'
import type { Connection } from '../../shared/protocol/methods.ts'
import { timelineLines } from '../../tui/app/screens/connection-detail.tsx'
import { type Details, follow, learn } from '../../tui/app/state/followed.ts'
import { type Event, stateAt } from '../../tui/app/state/state.ts'
import { reduce } from '../../tui/app/store/store.ts'
import { connectionsView } from '../../tui/app/tables/view.ts'

const connection = (down: number): Connection => ({
  id: 'c1',
  state: 'open',
  user: null,
  command: 'connect',
  client: '127.0.0.1:1',
  destination: null,
  address: null,
  opened: 0,
  up: 0,
  down,
})
const timeline: Details['timeline'] = [
  { state: 'negotiating', since: 0 },
  { state: 'open', since: 500 },
]
const details = (down: number, end: Details['end'] = null): Details => ({
  connection: connection(down),
  end,
  timeline,
  limits: [],
})

/** Milliseconds by which the daemon's clock is ahead. */
const skew = 100_000

test('throughput is an average up to the first look, then what is seen, and stops with the end', () => {
  const opened = { ...details(2_000_000), connection: { ...connection(2_000_000), opened: 62_000 } }
  const first = learn(follow(connection(1_000_000), 1000), opened, 2000, skew)
  expect(first.points).toEqual([{ time: 2000, span: 40_000, up: 0, down: 50_000 }])
  const second = learn(first, details(2_003_000), 3500, skew)
  expect(second.points.slice(1)).toEqual([{ time: 3500, span: 1500, up: 0, down: 2000 }])
  const ended = learn(second, details(2_004_000, { time: 4000, reason: 'reset' }), 4500, skew)
  expect(ended.points).toHaveLength(3)
  expect(learn(ended, details(2_004_000, ended.end), 5500, skew).points).toHaveLength(3)
  expect(learn(ended, null, 6500, skew)).toMatchObject({ forgotten: true, end: { reason: 'reset' } })
})

test('one that had ended before it was looked at has no course', () => {
  const ended = details(2_000_000, { time: 4000, reason: 'reset' })
  const first = learn(follow(connection(2_000_000), 5000), ended, 5000, 0)
  expect(first.points).toEqual([])
  expect(learn(first, ended, 6000, 0).points).toEqual([])
})

test('of a long course an hour is kept, and when looking began', () => {
  const looked = Array.from({ length: 4000 }, (_, at) => 1000 * at)
  const { points } = looked.reduce(
    (before, at) => learn(before, details(at), at + 2000, 0),
    follow(connection(0), 1000),
  )
  expect(points).toHaveLength(3600)
  expect([points[0]?.time, points.at(-1)?.time]).toEqual([2000, 4_001_000])
})

test('the timeline takes one line where there is no room for more', () => {
  const followed = learn(follow(connection(0), 0), details(0, { time: 90_500, reason: 'finished' }), 91_000, 0)
  expect(timelineLines(followed, 91_000, 79, 1, '#')).toEqual([
    'Timeline     negotiating 500ms > open 1m30s > finished',
  ])
  const lines = timelineLines(followed, 91_000, 79, 9, '#')
  expect(lines).toHaveLength(3)
  expect(lines[1]).toMatch(/^ +open +00:00:00\.500 +1m30s {2}#+$/)
})

test('a connection is idle since its last byte, as far as that was seen', () => {
  const idle = (events: readonly Event[]) => {
    const state = events.reduce((before, event) => reduce(before, event), stateAt(['here']))
    return connectionsView(state).rows[0]?.idle
  }
  const snapshot: Event = { type: 'snapshot', rows: [connection(5)], at: 1000 }
  const moved = (at: number): Event => ({
    type: 'changed',
    changes: [{ changed: [], moved: [['c1', 0, at]], closed: [] }],
    at,
  })
  const quiet = (at: number): Event => ({ type: 'changed', changes: [{ changed: [], moved: [], closed: [] }], at })
  expect(idle([snapshot, quiet(9000)])).toBe(8000)
  expect(idle([snapshot, moved(4000), quiet(9000)])).toBe(5000)
  expect(idle([snapshot, quiet(9000), moved(9500)])).toBe(0)
})
