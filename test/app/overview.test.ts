import { describe, expect, test } from 'vitest'
import type { Health } from '../../shared/protocol/methods.ts'
import { arrange } from '../../tui/app/screens/overview/arrange.ts'
import { endingsPanel, healthPanel } from '../../tui/app/screens/overview/daemon-panels.ts'
import { busiestPanel, destinationsPanel, userGraphsPanel } from '../../tui/app/screens/overview/traffic-panels.ts'
import { alarms } from '../../tui/app/state/alarms.ts'
import { type Event, type State, type Status, stateAt } from '../../tui/app/state/state.ts'
import { reduce } from '../../tui/app/store/store.ts'
import { columnsOf } from '../../tui/app/text/fit.ts'
import { lookOf } from '../../tui/app/themes/look.ts'
import { sampleOf } from '../helpers/sample.ts'

const healthy: Health = {
  lag: 1,
  loops: [{ lag: 2 }, { lag: 0.25 }],
  sessions: { live: 5, max: 1000 },
  descriptors: { open: 50, max: 1024 },
  memory: 80 * 1024 ** 2,
  store: { problem: null, slowest: 3, waiting: [] },
  near: [],
  names: { pending: 0, failed: 1, slowest: 12 },
}

const status = (health: Partial<Health> = {}, fields: Partial<Status> = {}): Status => ({
  version: '1',
  instance: 'a',
  pid: 1,
  engine: 'linux',
  workers: 2,
  started: 0,
  draining: false,
  passwordRequired: false,
  lastUserOpens: false,
  users: 0,
  listening: [{ service: 'socks', address: '[::1]:1080' }],
  health: { ...healthy, ...health },
  sample: sampleOf(1),
  ...fields,
})

function stateAfter(...events: Event[]): State {
  return events.reduce((state, event) => reduce(state, event), stateAt(['here']))
}

const sizes = [72, 80, 99, 100, 120, 139, 140, 160, 200, 240].flatMap((columns) =>
  [1, 2, 3, 5, 7, 9, 11, 14, 20, 25, 26, 38, 41, 56].flatMap((rows) =>
    [0, 1, 2, 9].map((alarms) => ({ columns, rows, alarms })),
  ),
)

describe('the arrangement', () => {
  test.each(sizes)('of $columns x $rows with $alarms alarms fills the page and no more', (room) => {
    const bands = arrange(room)
    expect(bands.reduce((sum, { height }) => sum + height, 0)).toBe(room.rows)
    for (const { height, cells } of bands) {
      expect(height).toBeGreaterThan(0)
      expect(cells.reduce((sum, { width }) => sum + width, 0)).toBe(room.columns)
      for (const { width } of cells) expect(width).toBeGreaterThanOrEqual(28)
    }
    const panels = bands.flatMap(({ cells }) => cells.map(({ panel }) => panel))
    expect(panels).toEqual([...new Set(panels)])
    const graphs = bands.find(({ cells }) => cells[0]?.panel === 'graphs')
    expect(graphs?.height ?? 7).toBeGreaterThanOrEqual(7)
  })

  test.each([
    [72, 14, ['graphs', 'totals', 'users']],
    [80, 20, ['graphs', 'totals', 'users']],
    [100, 26, ['graphs', 'totals', 'users', 'health', 'endings']],
    [200, 50, ['graphs', 'totals', 'users', 'health', 'endings', 'destinations', 'ended', 'userGraphs']],
    [160, 41, ['graphs', 'totals', 'users', 'health', 'endings', 'destinations', 'userGraphs']],
  ])('of %d x %d has what there is room for', (columns, rows, expected) => {
    const panels = (alarms: number) =>
      arrange({ columns, rows, alarms }).flatMap(({ cells }) => cells.map(({ panel }) => panel))
    expect(panels(0)).toEqual(expected)
    expect(panels(1)).toEqual(['alarms', ...expected])
  })
})

describe('alarms', () => {
  const told = (health: Partial<Health>, fields: Partial<Status> = {}) =>
    alarms(stateAfter({ type: 'status', status: status(health, fields) }))

  test('are none while all is well, or nothing is known', () => {
    expect(told({})).toEqual([])
    expect(alarms(stateAt(['here']))).toEqual([])
  })

  test.each<[string, Partial<Health>, Partial<Status>, RegExp]>([
    ['sessions', { sessions: { live: 901, max: 1000 } }, {}, /^901 of at most 1000 connections$/],
    ['descriptors', { descriptors: { open: 1000, max: 1024 } }, {}, /^1000 of at most 1024 descriptors$/],
    ['the access log', { accessLog: { problem: 'disk full', dropped: 0 } }, {}, /no access log: disk full/],
    ['the store', { store: { problem: 'disk full', slowest: 0, waiting: [] } }, {}, /not stored: disk full/],
    ['names', { names: { pending: 0, failed: 30, slowest: 9 } }, {}, /^30 names not found/],
    ['a drain', {}, { draining: true }, /^draining/],
    ['an open proxy', {}, { listening: [{ service: 'socks', address: '0.0.0.0:1080' }] }, /no password is required/],
    ['an open proxy over IPv6', {}, { listening: [{ service: 'socks', address: '[::]:1080' }] }, /no password/],
  ])('tell of %s', (_, health, fields, expected) => {
    expect(told(health, fields)).toEqual([expect.stringMatching(expected)])
  })

  test('do not tell of what is near no limit, or open to this machine only', () => {
    expect(told({ sessions: { live: 900, max: 1000 }, names: { pending: 3, failed: 2, slowest: 5 } })).toEqual([])
    const others = { service: 'socks', address: '192.0.2.1:1080' } as const
    expect(told({}, { passwordRequired: true, listening: [others] })).toEqual([])
    expect(told({}, { listening: [{ service: 'control', address: '0.0.0.0:8080' }] })).toEqual([])
    expect(told({}, { listening: [{ service: 'socks', address: '127.0.0.2:1080' }] })).toEqual([])
  })

  test('tell of a lag that lasts, on any thread, and not of a hiccup', () => {
    const at = (second: number, lag: number): Event => {
      return { type: 'status', status: status({ loops: [{ lag }] }, { sample: sampleOf(second) }) }
    }
    expect(alarms(stateAfter(at(0, 500), at(10, 500)))).toEqual([])
    expect(alarms(stateAfter(at(0, 500), at(8, 500), at(16, 300)))).toEqual(['busy: late by 300 ms'])
    expect(alarms(stateAfter(at(0, 500), at(8, 5), at(16, 500)))).toEqual([])
  })
})

describe('panels', () => {
  const bob = { name: 'bob\u202e', connections: 2, up: 0, down: 0 }
  const moving = Array.from({ length: 61 }, (_, at) =>
    sampleOf(at + 1, {
      connected: 3 * at,
      ended: at < 30 ? {} : { denied: 2, finished: at, hitherto_unknown: 1 },
      users: [
        { ...bob, down: at ** 2 * 1000 },
        { name: null, connections: 1, up: at < 50 ? 0 : 9000, down: 0 },
      ],
    }),
  )
  const row = {
    id: '1',
    state: 'open',
    user: null,
    command: 'connect',
    client: '[::1]:9',
    address: null,
    opened: 0,
    up: 0,
    down: 0,
  } as const
  const state = stateAfter(
    { type: 'status', status: status() },
    { type: 'samples', samples: moving, at: 0 },
    {
      type: 'snapshot',
      rows: [
        { ...row, destination: 'still:1' },
        { ...row, id: '2', destination: 'busy:1' },
      ],
      at: 0,
    },
    { type: 'changed', changes: [{ changed: [], moved: [['2', 10, 4096]], closed: [] }], at: 1000 },
  )
  const look = lookOf({ LANG: 'C.UTF-8', TERM: 'xterm' })
  const plain = lookOf({ LANG: 'C', TERM: 'xterm' })
  const all = { healthPanel, endingsPanel, busiestPanel, destinationsPanel, userGraphsPanel }

  test.each(Object.entries(all))('%s: no row is wider than there is room, in ASCII either', (_, panel) => {
    for (const width of [41, 71, 80, 120]) {
      for (const { text } of panel({ state, look, width, height: 12 })) {
        expect(columnsOf(text)).toBeLessThanOrEqual(width)
        expect(text).not.toContain('\u202e')
      }
      for (const { text } of panel({ state, look: plain, width, height: 12 })) expect(text).toMatch(/^[ -~]*$/)
    }
  })

  test('the busiest users come with their rates and their last minute, the newest at the right', () => {
    const [, first, second] = busiestPanel({ state, look, width: 80, height: 5 }).map(({ text }) => text)
    expect(first).toMatch(/^ bob� +2 +116 KiB\/s +0 B\/s ▂+▃.*█$/)
    expect(second).toMatch(/^ \(no login\) +1 +0 B\/s +0 B\/s ▁{20,}█▁+$/)
  })

  test('why connections ended is told in words, of the last minute and since the start', () => {
    const rows = endingsPanel({ state, look, width: 40, height: 9 }).map(({ text }) => text.trim().split(/ {2,}/))
    expect(rows).toEqual([
      ['Connections', '1 min', 'total'],
      ['opened', '180', '180'],
      ['finished', '60', '60'],
      ['wrong password', '2', '2'],
      ['hitherto_unknown', '1', '1'],
    ])
  })

  test('destinations come by what moves there', () => {
    const rows = destinationsPanel({ state, look, width: 70, height: 9 }).map(({ text }) => text.trim().split(/ {2,}/))
    expect(rows.slice(1)).toEqual([
      ['busy:1', '1', '4.00 KiB/s', '10 B/s'],
      ['still:1', '1', '0 B/s', '0 B/s'],
    ])
  })

  test('small graphs take the room that there is', () => {
    const rows = userGraphsPanel({ state, look, width: 100, height: 13 }).map(({ text }) => text)
    expect(rows).toHaveLength(13)
    expect(rows[1]).toMatch(/bob� +116 KiB\/s +\(no login\) +0 B\/s/)
    expect(userGraphsPanel({ state, look, width: 40, height: 13 })).toHaveLength(13)
  })
})
