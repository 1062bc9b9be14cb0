import { describe, expect, test } from 'vitest'
import type { Connection, Role, Sample } from '../../shared/protocol/methods.ts'
import { daemonRows } from '../../tui/app/state/daemons.ts'
import { unsearched } from '../../tui/app/state/dialogs.ts'
import { tallyEndings } from '../../tui/app/state/endings.ts'
import { type GraphWish, graphPoints } from '../../tui/app/state/graph.ts'
import { lackOfRights, lackToDo } from '../../tui/app/state/rights.ts'
import { type Event, type State, stateAt } from '../../tui/app/state/state.ts'
import { userPoints } from '../../tui/app/state/traffic.ts'
import { reduce } from '../../tui/app/store/store.ts'
import { connectionsView, settleCursor, usersView } from '../../tui/app/tables/view.ts'
import { sampleOf } from '../helpers/sample.ts'
import { unlimited } from '../helpers/user-row.ts'

const connection = (id: string, fields: Partial<Connection> = {}): Connection => ({
  id,
  state: 'open',
  user: null,
  command: 'connect',
  client: `127.0.0.1:${id}`,
  destination: 'example.com:443',
  address: '192.0.2.1:443',
  opened: Number(id),
  up: 0,
  down: 0,
  ...fields,
})

function stateAfter(events: readonly Event[], state: State = stateAt(['here'])): State {
  return events.reduce((before, event) => settleCursor(before, reduce(before, event)), state)
}

const online = (instance: string): Event => ({ type: 'link', link: { state: 'online', instance, role: 'admin' } })
const snapshot = (at: number, ...rows: Connection[]): Event => ({ type: 'snapshot', rows, at })
const moved = (at: number, ...counts: [string, number, number][]): Event => ({
  type: 'changed',
  changes: [{ changed: [], moved: counts, closed: [] }],
  at,
})
const closed = (at: number, ...ids: string[]): Event => ({
  type: 'changed',
  changes: [{ changed: [], moved: [], closed: ids }],
  at,
})
const ids = (state: State) => connectionsView(state).ids
const rateOf = (state: State, id: string) => connectionsView(state).rows.find((row) => row.connection.id === id)?.rate

describe('the graph', () => {
  const samples = (...list: Sample[]): Event => ({ type: 'samples', samples: list, at: 0 })

  const wish = { range: '1m', whose: null } as const
  /** Seconds' rates up, the last of which ends at `end`; down is twice as much. */
  const history = (end: number, ...up: (number | null)[]): Event => ({
    type: 'history',
    wish,
    history: { step: 1000, end, up, down: up.map((rate) => rate && 2 * rate) },
  })
  const drawn = (state: State, of: GraphWish = wish) => graphPoints(state.graphs, of).map(({ time, up }) => [time, up])

  test('is what the daemon tells, without times of which it knows nothing', () => {
    const state = stateAfter([history(5000, null, 7, null, 0, 9)])
    expect(graphPoints(state.graphs, wish)).toEqual([
      { time: 2000, span: 1000, up: 7, down: 14 },
      { time: 4000, span: 1000, up: 0, down: 0 },
      { time: 5000, span: 1000, up: 9, down: 18 },
    ])
  })

  test('goes on with the sample of now, whatever was told of later ones before', () => {
    const sample = (seq: number): Event => ({ type: 'sample', sample: sampleOf(seq, { up: 10 * seq }), at: 1000 * seq })
    const state = stateAfter([history(0, 0), sample(1), sample(Number.MAX_SAFE_INTEGER), sample(2), sample(3)])
    expect(state.traffic.recent.map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(state.traffic).toMatchObject({ latest: { seq: 3 }, rate: { up: 10 } })
    expect(drawn(state).at(-1)).toEqual([3000, 10])
  })

  test('counts nothing for a minute in which a count has fallen', () => {
    const told = (seq: number, count: number): Event => {
      const ended = { denied: count, finished: count }
      return { type: 'sample', sample: sampleOf(seq, { connected: count, failed: count, ended }), at: 1000 * seq }
    }
    const { traffic, daemons } = stateAfter([online('a'), told(1, Number.MAX_SAFE_INTEGER), told(2, 5)])
    expect(tallyEndings(traffic.recent).map(({ lastMinute, total }) => [lastMinute, total])).toEqual([
      [0, 5],
      [0, 5],
      [0, 5],
    ])
    expect(daemonRows(daemons, 2000)).toMatchObject([{ failures: 0 }])
  })

  test('keeps what was seen of a daemon that began anew, with a gap while none was there', () => {
    const state = stateAfter([
      online('a'),
      history(3000, 1, 2, 3),
      online('b'),
      history(7500, null, null, null, null, 8, 9),
    ])
    expect(drawn(state)).toEqual([
      [1000, 1],
      [2000, 2],
      [3000, 3],
      [6500, 8],
      [7500, 9],
    ])
  })

  test('takes what the daemon tells anew for what it told before', () => {
    const state = stateAfter([history(3000, 1, 2, 3), history(4000, 2, 3.5, 4)])
    expect(drawn(state)).toEqual([
      [1000, 1],
      [2000, 2],
      [3000, 3.5],
      [4000, 4],
    ])
  })

  test('forgets what is older than its range', () => {
    const state = stateAfter([history(3000, 1, 2, 3), history(62_000, 5)])
    expect(drawn(state)).toEqual([
      [3000, 3],
      [62_000, 5],
    ])
  })

  test('ends now, not where the last step will', () => {
    const state = stateAfter([samples(sampleOf(1, { time: 4400 })), history(5000, 1, 2)])
    expect(graphPoints(state.graphs, wish).at(-1)).toEqual({ time: 4400, span: 400, up: 2, down: 4 })
  })

  const second = (seq: number, up: number, users: Sample['users'] = []) =>
    samples(sampleOf(seq, { up, down: 2 * up, users }))

  test('goes on with each sample, whatever range it has', () => {
    const state = stateAfter([second(2, 100), history(2000, 5), second(3, 107), second(4, 107), second(6, 117)])
    expect(graphPoints(state.graphs, wish)).toEqual([
      { time: 2000, span: 1000, up: 5, down: 10 },
      { time: 3000, span: 1000, up: 7, down: 14 },
      { time: 4000, span: 1000, up: 0, down: 0 },
      { time: 6000, span: 2000, up: 5, down: 10 },
    ])
  })

  test('has one point for each step of the daemon, so that it does not grow', () => {
    const long: Event = {
      type: 'history',
      wish: { range: '24h', whose: null },
      history: { step: 360_000, end: 1_080_000, up: [null, 1, 4], down: [null, 2, 8] },
    }
    const seconds = Array.from({ length: 1000 }, (_, at) => second(801 + at, 10 * at))
    const { graphs } = stateAfter([second(800, 0), long, ...seconds])
    expect(graphPoints(graphs, { range: '24h', whose: null }).map(({ time, span }) => [time, span])).toEqual([
      [720_000, 360_000],
      [1_080_000, 360_000],
      [1_440_000, 360_000],
      [1_800_000, 360_000],
    ])
  })

  test('does not lose the sample that overtook the answer', () => {
    const state = stateAfter([second(2, 100), history(2000, 5), second(3, 107), history(2000, 5)])
    expect(drawn(state)).toEqual([
      [2000, 5],
      [3000, 7],
    ])
  })

  test('of a user who is not named where few are is at 0, and goes on when they are', () => {
    const whose = { user: 'bob' }
    const bob = (up: number) => [{ name: 'bob', connections: 1, up, down: 0 }]
    const told: Event = { ...history(2000, 5), wish: { range: '1m', whose } } as Event
    const state = stateAfter([
      second(2, 0),
      told,
      second(3, 0),
      second(4, 9, bob(9)),
      second(5, 9, bob(12)),
      second(6, 9),
    ])
    expect(drawn(state, { range: '1m', whose })).toEqual([
      [2000, 5],
      [3000, 0],
      [5000, 3],
      [6000, 0],
    ])
  })

  test('of another start of the daemon does not count from what the old one counted', () => {
    const whose = { user: 'bob' }
    const bob = (up: number) => [{ name: 'bob', connections: 1, up, down: 0 }]
    const told: Event = { ...history(2000, 5), wish: { range: '1m', whose } } as Event
    const before = [online('a'), second(1, 0, bob(0)), second(2, 0, bob(5)), told, online('b')]
    const state = stateAfter([...before, second(7, 0, bob(1000)), second(8, 0, bob(1001))])
    expect(drawn(state, { range: '1m', whose })).toEqual([
      [2000, 5],
      [8000, 1],
    ])
  })

  test('has a gap where the machine slept, and none where a sample was lost', () => {
    const slept = samples(sampleOf(4, { time: 54_000, up: 100 }), sampleOf(5, { time: 55_000, up: 109 }))
    const state = stateAfter([second(2, 0), history(2000, 5), second(3, 7), slept])
    expect(graphPoints(state.graphs, wish).map(({ time, span, up }) => [time, span, up])).toEqual([
      [2000, 1000, 5],
      [3000, 1000, 7],
      [55_000, 1000, 9],
    ])
    const lost = stateAfter([second(2, 0), history(2000, 5), second(30, 280)])
    expect(drawn(lost)).toEqual([
      [2000, 5],
      [30_000, 10],
    ])
  })

  test("goes on when the daemon's clock is set back", () => {
    const state = stateAfter([second(4, 0), history(4000, 1, 2, 3), samples(sampleOf(5, { time: 2000 }))])
    const later = reduce(state, samples(sampleOf(6, { time: 3000, up: 6 })))
    expect(drawn(later)).toEqual([
      [2000, 1],
      [3000, 6],
    ])
  })

  test('of one range or user is not that of another', () => {
    const state = stateAfter([history(3000, 1)])
    expect(drawn(state, { ...wish, range: '15m' })).toEqual([])
    expect(drawn(state, { ...wish, whose: { user: null } })).toEqual([])
    expect(drawn(state)).toHaveLength(1)
  })

  test('counts no sample twice when those before come again', () => {
    const list = [sampleOf(1), sampleOf(2, { up: 500 })]
    const { traffic } = stateAfter([samples(...list), samples(...list, sampleOf(4, { up: 900 }))])
    expect(traffic.recent.map(({ seq }) => seq)).toEqual([1, 2, 4])
    expect(traffic.rate).toEqual({ up: 200, down: 0 })
  })

  test('has the past, too, when that comes after the first sample that came unasked', () => {
    const past = [sampleOf(1), sampleOf(2, { up: 500 })]
    const { traffic } = stateAfter([samples(sampleOf(4, { up: 900 })), samples(...past)])
    expect(traffic.recent.map(({ seq }) => seq)).toEqual([1, 2, 4])
    expect(traffic).toMatchObject({ latest: { seq: 4 }, rate: { up: 200, down: 0 } })
  })

  test('stays when the same daemon is found again', () => {
    const { traffic } = stateAfter([online('a'), samples(sampleOf(1), sampleOf(2)), online('a')])
    expect(traffic.latest?.seq).toBe(2)
  })

  test('busiest users have rates from the second sample on', () => {
    const bob = { name: 'bob', connections: 1, up: 1000, down: 5000 }
    const now = { ...bob, up: 1500, down: 9000 }
    const { traffic } = stateAfter([samples(sampleOf(1, { users: [bob] }), sampleOf(2, { users: [now] }))])
    expect(traffic.users).toEqual([{ name: 'bob', connections: 1, up: 500, down: 4000 }])
    expect(stateAfter([samples(sampleOf(1, { users: [bob] }))]).traffic.users[0]).toMatchObject({ up: 0, down: 0 })
  })

  test('of a user who was idle meanwhile, all that moved counts for the second in which it did', () => {
    const bob = { name: 'bob', connections: 1, up: 1000, down: 5000 }
    const { traffic } = stateAfter([
      samples(sampleOf(1, { users: [bob] }), sampleOf(2), sampleOf(3), sampleOf(4, { users: [{ ...bob, up: 4000 }] })),
    ])
    expect(userPoints(traffic.recent, 'bob').map(({ time, up }) => [time, up])).toEqual([
      [2000, 0],
      [3000, 0],
      [4000, 3000],
    ])
  })

  test('of a user who was not among ten busier ones, what moved is spread over that time', () => {
    const bob = { name: 'bob', connections: 1, up: 1000, down: 5000 }
    const others = Array.from({ length: 10 }, (_, at) => ({ ...bob, name: `busier ${at}` }))
    const recent = [
      sampleOf(1, { users: [bob] }),
      sampleOf(2, { users: others }),
      sampleOf(3, { users: [{ ...bob, up: 4000 }] }),
    ]
    expect(userPoints(recent, 'bob')).toEqual([{ time: 3000, span: 2000, up: 1500, down: 0 }])
  })
})

describe('the rates of connections', () => {
  test('come from the counters of one to two seconds', () => {
    let state = stateAfter([snapshot(0, connection('1'))])
    for (let at = 250; at <= 3000; at += 250) state = stateAfter([moved(at, ['1', at, 4 * at])], state)
    expect(rateOf(state, '1')).toEqual({ up: 1000, down: 4000 })
  })

  test('fall to nothing when nothing moves', () => {
    const state = stateAfter([
      snapshot(0, connection('1')),
      moved(1000, ['1', 5000, 0]),
      { type: 'samples', samples: [sampleOf(1)], at: 2000 },
      { type: 'samples', samples: [sampleOf(2)], at: 3000 },
      { type: 'samples', samples: [sampleOf(3)], at: 4000 },
    ])
    expect(rateOf(state, '1')).toEqual({ up: 0, down: 0 })
  })

  test('of one that was not there before count from nothing', () => {
    const change = { changed: [connection('2', { down: 500 })], moved: [], closed: [] }
    const state = stateAfter([snapshot(0, connection('1')), { type: 'changed', changes: [change], at: 1000 }])
    expect(rateOf(state, '2')).toEqual({ up: 0, down: 500 })
  })

  test('are unknown in a fresh snapshot, not its whole past', () => {
    expect(rateOf(stateAfter([snapshot(5000, connection('1', { down: 1e9 }))]), '1')).toEqual({ up: 0, down: 0 })
  })
})

describe('the table of connections', () => {
  const select = (id: string): Event => ({ type: 'list', page: 'connections', event: { do: 'select', id } })
  const start = stateAfter([
    { type: 'page', page: 'connections' },
    snapshot(0, ...['1', '2', '3'].map((id) => connection(id))),
  ])

  test('begins with the newest', () => {
    expect(ids(start)).toEqual(['3', '2', '1'])
  })

  test('keeps the cursor on its connection through changes, sorting and filtering', () => {
    const state = stateAfter(
      [
        select('2'),
        { type: 'changed', changes: [{ changed: [connection('4')], moved: [], closed: ['3'] }], at: 1 },
        { type: 'list', page: 'connections', event: { do: 'sort', sort: { column: 'client', descending: false } } },
      ],
      start,
    )
    const { cursor } = connectionsView(state)
    expect(ids(state)[cursor]).toBe('2')
  })

  test('puts the cursor on the row that has come to stand where the selected one ended', () => {
    const one = stateAfter([select('2'), closed(1, '2')], start)
    expect(connectionsView(one)).toMatchObject({ ids: ['3', '1'], cursor: 1 })
    const last = stateAfter([select('1'), closed(1, '1')], start)
    expect(connectionsView(last)).toMatchObject({ ids: ['3', '2'], cursor: 1 })
    expect(connectionsView(stateAfter([closed(2, '2', '3')], last))).toMatchObject({ ids: [], cursor: 0 })
  })

  test('stands still while paused and shows what has happened afterwards', () => {
    const paused = stateAfter([{ type: 'pause' }, closed(1, '3'), moved(1, ['2', 7, 7])], start)
    expect(ids(paused)).toEqual(['3', '2', '1'])
    expect(connectionsView(paused).rows[1]?.connection.up).toBe(0)
    const going = stateAfter([{ type: 'pause' }], paused)
    expect(ids(going)).toEqual(['2', '1'])
    expect(connectionsView(going).rows[0]?.connection.up).toBe(7)
  })

  test('shows all rows and the problem if the filter cannot be used', () => {
    const typed: Event[] = [
      { type: 'list', page: 'connections', event: { do: 'openFilter' } },
      { type: 'list', page: 'connections', event: { do: 'editFilter', edit: { do: 'insert', text: '~(' } } },
    ]
    expect(connectionsView(stateAfter(typed, start))).toMatchObject({ total: 3, problem: expect.any(String) })
    expect(ids(stateAfter(typed, start))).toHaveLength(3)
  })

  test('is forgotten with its daemon', () => {
    expect(ids(stateAfter([online('a'), snapshot(0, connection('1')), online('b')]))).toEqual([])
    expect(ids(stateAfter([online('a'), snapshot(0, connection('1')), online('a')]))).toEqual(['1'])
  })
})

test('users have the rates between two looks', () => {
  const user = { name: 'bob', enabled: true, stored: true, created: 0, connections: 1, up: 0, down: 1000, ...unlimited }
  const state = stateAfter([
    { type: 'users', users: [user], at: 1000 },
    {
      type: 'users',
      users: [
        { ...user, down: 5000 },
        { ...user, name: 'new', down: 9 },
      ],
      at: 3000,
    },
  ])
  expect(usersView(state).rows.map(({ user: { name }, rate }) => [name, rate.down])).toEqual([
    ['bob', 2000],
    ['new', 0],
  ])
})

describe('users that are followed', () => {
  const user = { name: 'bob', enabled: true, stored: true, created: 0, connections: 1, up: 0, down: 0, ...unlimited }
  const list: Event = { type: 'users', users: [user], at: 10_000 }
  const moved = (at: number, down: number): Event => ({
    type: 'usersChanged',
    changes: [{ changed: [], moved: [['bob', 1, 0, down, 0, 0, 0]], removed: [] }],
    at,
  })
  const second = (at: number): Event => ({ type: 'samples', samples: [sampleOf(at / 1000)], at })
  const rateAfter = (...events: Event[]) => usersView(stateAfter([list, ...events])).rows[0]?.rate.down

  test('have a rate over two seconds, however often they change', () => {
    expect(rateAfter(moved(10_500, 500), moved(11_000, 1000), moved(11_500, 1500))).toBe(0)
    expect(rateAfter(moved(10_500, 500), moved(11_500, 1500), moved(12_000, 2000))).toBe(1000)
  })

  test('are at 0 once nothing is told of them for as long', () => {
    expect(rateAfter(moved(12_000, 2000), second(13_000))).toBe(1000)
    expect(rateAfter(moved(12_000, 2000), second(14_000))).toBe(0)
  })
})

test('another role sees anew, so that one who lost rights keeps nothing', () => {
  const row = connection('1')
  const as = (role: Role): Event => ({ type: 'link', link: { state: 'online', instance: 'a', role } })
  const before = stateAfter([as('operator'), snapshot(0, row)])
  expect(ids(stateAfter([as('operator')], before))).toEqual(['1'])
  const after = stateAfter([as('viewer')], before)
  expect(after.role).toBe('viewer')
  expect(ids(after)).toEqual([])
})

describe('rights', () => {
  test.each([
    ['viewer', 'operator', 'only for operator or admin; you are viewer'],
    ['operator', 'admin', 'only for admin; you are operator'],
    ['operator', 'operator', null],
    ['admin', 'viewer', null],
    ['viewer', undefined, null],
    [null, 'admin', null],
  ] as const)('%s where %s is demanded', (role, demanded, lack) => {
    expect(lackOfRights({ role }, demanded)).toBe(lack)
  })

  test('read-only, what is logged lacks them, but for a dry run; what only reads does not', () => {
    const link = { state: 'online', instance: 'a', role: 'operator', readOnly: true } as const
    const state = stateAfter([{ type: 'link', link }])
    const readOnly = 'not for a read-only session: start without --read-only'
    expect(lackToDo(state, { role: 'operator', logged: true })).toBe(readOnly)
    expect(lackToDo(state, { role: 'operator', logged: true }, { 'dry-run': '' })).toBeNull()
    expect(lackToDo(state, { role: 'operator' })).toBeNull()
    expect(lackToDo(state, { role: 'admin', logged: true })).toBe('only for admin; you are operator')
    expect(lackToDo({ ...state, readOnly: false }, { role: 'operator', logged: true })).toBeNull()
  })
})

test('what was said goes when another page or a dialog is opened', () => {
  const said: Event = { type: 'say', text: 'cut 1 connection', tone: 'good', at: 0 }
  const help: Event = { type: 'dialog', event: { do: 'open', dialog: { kind: 'help', ...unsearched } } }
  expect(stateAfter([said, { type: 'page', page: 'users' }]).toasts.shown).toBeNull()
  expect(stateAfter([said, help]).toasts.shown).toBeNull()
  expect(stateAfter([help, said, { type: 'dialog', event: { do: 'close' } }]).toasts.shown).not.toBeNull()
})
