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

test('throughput begins when a connection is first looked at, and stops with its end', () => {
  const first = learn(follow(connection(1_000_000), 1000), details(2_000_000), 2000)
  expect(first.points).toEqual([])
  const second = learn(first, details(2_003_000), 3500)
  expect(second.points).toEqual([{ time: 3500, span: 1500, up: 0, down: 2000 }])
  const ended = learn(second, details(2_004_000, { time: 4000, reason: 'reset' }), 4500)
  expect(ended.points).toHaveLength(2)
  expect(learn(ended, details(2_004_000, ended.end), 5500).points).toHaveLength(2)
  expect(learn(ended, null, 6500)).toMatchObject({ forgotten: true, end: { reason: 'reset' } })
})

test('the timeline takes one line where there is no room for more', () => {
  const followed = learn(follow(connection(0), 0), details(0, { time: 90_500, reason: 'finished' }), 91_000)
  expect(timelineLines(followed, 91_000, 79, 1)).toEqual(['Timeline     negotiating 500ms > open 1m30s > finished'])
  const lines = timelineLines(followed, 91_000, 79, 9)
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
