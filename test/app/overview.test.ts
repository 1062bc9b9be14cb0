import { describe, expect, test } from 'vitest'
import type { EndReason } from '../../shared/end-reasons.ts'
import type { Health } from '../../shared/protocol/methods.ts'
import { arrange, type PanelName } from '../../tui/app/screens/overview/arrange.ts'
import { panels } from '../../tui/app/screens/overview/panels.ts'
import { alarms } from '../../tui/app/state/alarms.ts'
import { toneOf } from '../../tui/app/state/endings.ts'
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

/** What there may be to tell: next to nothing, some of all, and more than there is room for. */
const tellings: Readonly<Record<string, Partial<Record<PanelName, number>>>> = {
  'next to nothing': { users: 1, destinations: 1, endings: 2, health: 9, sockets: 5, events: 2, log: 12 },
  some: {
    alarms: 1,
    users: 5,
    userGraphs: 7,
    refused: 3,
    ended: 20,
    endings: 8,
    near: 2,
    health: 9,
    events: 8,
    log: 30,
  },
  much: Object.fromEntries(
    [
      'alarms',
      'users',
      'userGraphs',
      'destinations',
      'movers',
      'refused',
      'ended',
      'endings',
      'near',
      'rules',
      'health',
      'sockets',
      'events',
      'log',
    ].map((panel) => [panel, 30]),
  ),
}

function arranged(columns: number, rows: number, told: Partial<Record<PanelName, number>>) {
  return arrange({ columns, rows, rowsOf: (panel) => told[panel] ?? 0 })
}

const sizes = [60, 71, 72, 80, 99, 100, 120, 139, 140, 160, 200, 219, 220, 240].flatMap((columns) =>
  [1, 2, 3, 4, 5, 7, 9, 11, 14, 20, 25, 26, 36, 41, 56, 66].flatMap((rows) =>
    Object.keys(tellings).map((much) => ({ columns, rows, much })),
  ),
)

describe('the arrangement', () => {
  test('an idle daemon has half of a large screen for what happened, beside the log', () => {
    const told = { users: 1, endings: 2, health: 9, sockets: 5, events: 60, log: 12 }
    const bands = arranged(200, 56, told)
    const heightOf = (panel: PanelName) =>
      bands
        .flatMap(({ stacks }) => stacks)
        .flatMap(({ panels }) => panels)
        .find((one) => one.panel === panel)?.height
    expect(heightOf('events')).toBeGreaterThanOrEqual(12)
    expect(heightOf('log')).toBe(heightOf('events'))
    expect(heightOf('graphs')).toBeLessThanOrEqual(28)
    expect(arranged(200, 56, { ...told, events: 1 }).at(-1)?.stacks).toMatchObject([{ width: 200 }])
  })

  test.each(sizes)('of $columns x $rows with $much to tell fills the page and no more', ({ columns, rows, much }) => {
    const told = tellings[much] ?? {}
    const bands = arranged(columns, rows, told)
    expect(bands.reduce((sum, { height }) => sum + height, 0)).toBe(rows)
    for (const { height, stacks } of bands) {
      expect(height).toBeGreaterThan(0)
      expect(stacks.reduce((sum, { width }) => sum + width, 0)).toBe(columns)
      for (const { width, panels } of stacks) {
        expect(width).toBeGreaterThanOrEqual(30)
        if (panels.length > 0) expect(panels.reduce((sum, { height }) => sum + height, 0)).toBe(height)
      }
    }
    const shown = bands.flatMap(({ stacks }) => stacks.flatMap(({ panels }) => panels))
    const names = shown.map(({ panel }) => panel)
    expect(names).toEqual([...new Set(names)])
    const graphs = shown.find(({ panel }) => panel === 'graphs')
    expect(graphs?.height ?? 7).toBeGreaterThanOrEqual(7)
    // The loudest thing, however much else there is to tell.
    if (graphs) expect(graphs.height / rows).toBeGreaterThan(0.3)
  })

  test('gives no row to what has nothing to tell', () => {
    for (const columns of [60, 80, 120, 200, 240]) {
      const bands = arranged(columns, 36, { users: 1, refused: 1, near: 1, log: 1, health: 9 })
      const shown = bands.flatMap(({ stacks }) => stacks.flatMap(({ panels }) => panels.map(({ panel }) => panel)))
      expect(shown).toEqual(['graphs', 'totals', 'users', ...(columns < 72 ? [] : ['health'])])
    }
  })

  test.each([
    [60, 18, ['graphs', 'totals', 'users', 'refused']],
    [80, 20, ['graphs', 'totals', 'users', 'refused', 'endings', 'near']],
    [120, 36, ['graphs', 'totals', 'users', 'refused', 'destinations', 'ended', 'near', 'health', 'endings']],
    [
      200,
      56,
      [
        ...['graphs', 'totals', 'users', 'destinations', 'movers', 'refused', 'ended', 'endings', 'near', 'health'],
        ...['events', 'log'],
      ],
    ],
  ])('of %d x %d has what there is room for', (columns, rows, expected) => {
    const { alarms, ...much } = tellings.much ?? {}
    const shown = (told: Partial<Record<PanelName, number>>) =>
      arranged(columns, rows, told).flatMap(({ stacks }) =>
        stacks.flatMap(({ panels }) => panels.map(({ panel }) => panel)),
      )
    expect(shown(much)).toEqual(expected)
    expect(shown({ ...much, alarms: 1 })).toEqual(['alarms', ...expected])
  })
})

describe('alarms', () => {
  const told = (health: Partial<Health>, fields: Partial<Status> = {}) =>
    alarms(stateAfter({ type: 'status', status: status(health, fields) })).map(({ text }) => text)

  test('are none while all is well, or nothing is known', () => {
    expect(told({})).toEqual([])
    expect(alarms(stateAt(['here']))).toEqual([])
  })

  test.each<[string, Partial<Health>, Partial<Status>, RegExp]>([
    ['sessions', { sessions: { live: 901, max: 1000 } }, {}, /^901 of at most 1000 connections$/],
    ['descriptors', { descriptors: { open: 1000, max: 1024 } }, {}, /^1000 of at most 1024 descriptors$/],
    ['the access log', { accessLog: { problem: 'disk full', dropped: 0 } }, {}, /no access log: disk full/],
    [
      'the webhook',
      { webhook: { problem: 'it answered 503', missed: 1 } },
      {},
      /not told of a watch: it answered 503$/,
    ],
    ['the store', { store: { problem: 'disk full', slowest: 0, waiting: [] } }, {}, /not stored: disk full/],
    ['open metrics', { openMetrics: ['0.0.0.0:9464'] }, {}, /^whoever reaches 0.0.0.0:9464 reads the metrics$/],
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
    expect(alarms(stateAfter(at(0, 500), at(8, 500), at(16, 300)))).toMatchObject([{ text: 'busy: late by 300 ms' }])
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
  const {
    users: busiestPanel,
    endings: endingsPanel,
    destinations: destinationsPanel,
    userGraphs: userGraphsPanel,
  } = panels
  const { near, health, refused, movers } = panels
  const all = { busiestPanel, endingsPanel, destinationsPanel, userGraphsPanel, near, health, refused, movers }

  test('tell of clients for whom there was no room, once there were any', () => {
    const told = (shed?: number) => {
      const sessions = { ...healthy.sessions, ...(shed !== undefined && { shed }) }
      const now = stateAfter({ type: 'status', status: status({ sessions }) })
      return health({ state: now, look, width: 41, height: 12 }).map(({ text }) => text)
    }
    expect(told(12)).toContain(' No room for 12')
    expect(told().join()).not.toContain('room')
  })

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

  test('failures are red, limits and what fails elsewhere have their own colours, and nothing is faded', () => {
    const online: State = { ...state, link: { state: 'online', instance: 'a', role: 'admin' } }
    const [, opened, finished, denied] = endingsPanel({ state: online, look, width: 40, height: 9 })
    expect(denied?.parts?.map(({ style }) => style)).toEqual([look.theme.bad, look.theme.bad, undefined])
    expect(finished?.parts?.[1]?.style).toBeUndefined()
    expect(opened?.parts?.[0]?.style).toBe(look.theme.label)
    expect(['denied', 'quota', 'unreachable', 'finished', 'hitherto_unknown'].map(toneOf)).toEqual([
      'bad',
      'over',
      'warning',
      null,
      null,
    ])
  })

  test('who was refused is told once for the same again and again, newest first', () => {
    const ended = (id: number, reason: EndReason, user: string | null, destination: string | null) => {
      return { ...row, id: String(id), client: `192.0.2.1:${id}`, user, destination, reason, ended: id * 1000 }
    }
    const closed = [
      ended(5, 'forbidden', 'bob\u202e', 'ads.example:80'),
      ended(4, 'finished', 'bob', 'here:1'),
      ended(3, 'denied', null, null),
      ended(2, 'denied', null, null),
      ended(1, 'quota', 'ann', null),
    ]
    const after = reduce(state, { type: 'told', told: { closed } })
    const rows = panels
      .refused({ state: after, look, width: 70, height: 9 })
      .map(({ text }) => text.trim().split(/ {2,}/))
    expect(rows).toEqual([
      ['Refused', 'Why', 'Who, and where to'],
      ['00:00:05 forbidden', 'bob\ufffd → ads.example:80'],
      ['00:00:03 wrong password', '192.0.2.1:3', '×2'],
      ['00:00:01 quota used up', 'ann'],
    ])
    for (const { text } of panels.refused({ state: after, look: plain, width: 41, height: 9 }))
      expect(text).toMatch(/^[ -~]{1,41}$/)
  })

  test('what ended has the name that was tried in vain, and the colour of why', () => {
    const ended = (reason: EndReason, who: { user: string | null; tried?: string }) => {
      return { ...row, client: '192.0.2.1:1', destination: null, reason, ended: 0, ...who }
    }
    const closed = [
      ended('denied', { user: null, tried: 'mallory' }),
      ended('unreachable', { user: 'bob' }),
      ended('finished', { user: null }),
    ]
    const online: State = { ...state, link: { state: 'online', instance: 'a', role: 'admin' }, closed }
    const rows = panels.ended({ state: online, look, width: 70, height: 9 }).slice(1)
    const told = rows.map(({ text, parts }) => [
      text.slice(10, 25).trim(),
      text.slice(25, 42).trim(),
      parts?.[1]?.style,
    ])
    expect(told).toEqual([
      ['wrong password', 'mallory?', look.theme.bad],
      ['unreachable', 'bob', look.theme.warning],
      ['finished', '(no login)', undefined],
    ])
  })

  test.each([
    ['movers', 29],
    ['movers', 50],
    ['destinations', 51],
    ['destinations', 70],
  ] as const)('the heading of %s is whole in %d columns', (panel, width) => {
    const [heading] = panels[panel]({ state, look, width, height: 5 })
    expect(heading?.text).toMatch(/^ (Moved|Moved most|Destinations|Busiest destinations) {2,}/)
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
