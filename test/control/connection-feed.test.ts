import { expect, it, onTestFinished, vi } from 'vitest'
import { connectionEvents } from '../../daemon/control/handlers/connections.ts'
import { TableFeed } from '../../daemon/control/table-feed.ts'
import { connectionOf, connectionsOf, FakeBackend } from './fake-backend.ts'

/** A client that is ready for a number of pushes. */
class FakeOutlet {
  /** Pushes that may still be sent. */
  room = Number.POSITIVE_INFINITY
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent; the test says what it should be
  readonly sent: { method: string; params: any }[] = []

  get ready(): boolean {
    return this.room > 0
  }

  send(line: string): void {
    this.room--
    this.sent.push(JSON.parse(line))
  }

  /** The table that a client has which obeys every event, and how many snapshots it took. */
  table(): { ids: string[]; snapshots: number } {
    let ids = new Set<string>()
    let snapshots = 0
    for (const [index, { method, params }] of this.sent.entries()) {
      expect(params.seq).toBe(index)
      if (method === 'connections.resync') ids = new Set()
      if (method === 'connections.snapshot') {
        for (const { id } of params.connections) ids.add(id)
        if (params.last) snapshots++
      }
      for (const { id } of params.changed ?? []) ids.add(id)
      for (const id of params.closed ?? []) ids.delete(id)
    }
    return { ids: [...ids].sort(), snapshots }
  }
}

const linger = 1000

function start({ rows = 0, page = 3, unsent = 10_000, line = 100_000 } = {}) {
  const { connections } = new FakeBackend()
  connections.rows = connectionsOf(0, rows)
  const feed = new TableFeed(connections, connectionEvents, { page, line, unsent, linger })
  const live = () => connections.rows.map(({ id }) => id).sort()
  return { connections, feed, live }
}

function methodsOf({ sent }: FakeOutlet): string[] {
  return sent.map(({ method }) => method.replace('connections.', ''))
}

it('sends nothing before the first pump', () => {
  const outlet = new FakeOutlet()
  const follower = start().feed.follow(outlet)
  expect(outlet.sent).toEqual([])
  follower.pump()
  expect(outlet.sent).toHaveLength(1)
})

it.each([
  [0, [0]],
  [1, [1]],
  [3, [3]],
  [4, [3, 1]],
  [6, [3, 3]],
])('sends a table of %i rows in pages, the last of which says so', (rows, sizes) => {
  const outlet = new FakeOutlet()
  start({ rows }).feed.follow(outlet).pump()
  expect(outlet.sent.map(({ params }) => params.connections.length)).toEqual(sizes)
  expect(outlet.sent.map(({ params }) => params.last)).toEqual(sizes.map((_, i) => i === sizes.length - 1))
})

it('sends less than a page where that would be longer than a line, of the table and of changes', () => {
  const line = 4000
  const { connections, feed, live } = start({ rows: 40, page: 40, line })
  const outlet = new FakeOutlet()
  feed.follow(outlet).pump()
  connections.change(connectionsOf(40, 80), ['c0'])
  expect(outlet.sent.length).toBeGreaterThan(4)
  for (const event of outlet.sent) expect(JSON.stringify(event).length).toBeLessThan(line + 100)
  expect(outlet.table()).toEqual({ ids: live(), snapshots: 1 })
})

it('sends changes in events of a page at most, with numbers without a gap', () => {
  const { connections, feed, live } = start({ rows: 2 })
  const outlet = new FakeOutlet()
  feed.follow(outlet).pump()
  connections.change(connectionsOf(2, 9), ['c0'])
  expect(methodsOf(outlet)).toEqual(['snapshot', 'changed', 'changed', 'changed'])
  expect(outlet.sent.slice(1).map(({ params }) => [params.changed.length, params.closed.length])).toEqual([
    [3, 1],
    [3, 0],
    [1, 0],
  ])
  expect(outlet.table().ids).toEqual(live())
})

it('leaves no ghost of a connection that closes while the snapshot is being sent', () => {
  const { connections, feed, live } = start({ rows: 9 })
  const outlet = new FakeOutlet()
  outlet.room = 1
  const follower = feed.follow(outlet)
  follower.pump()
  connections.change([connectionOf(9)], ['c1', 'c5', 'c8'])
  connections.change([], ['c9', 'c2'])
  outlet.room = Number.POSITIVE_INFINITY
  follower.pump()
  expect(methodsOf(outlet)).toEqual(['snapshot', 'snapshot', 'snapshot', 'changed', 'changed'])
  expect(outlet.table()).toEqual({ ids: live(), snapshots: 1 })
})

it('tells a client that lags to start afresh, with the table as it is by then', () => {
  const { connections, feed, live } = start({ rows: 4, unsent: 2000 })
  const outlet = new FakeOutlet()
  const follower = feed.follow(outlet)
  follower.pump()
  outlet.room = 0
  for (let i = 4; i < 40; i++) connections.change([connectionOf(i)], [`c${i - 4}`])
  outlet.room = Number.POSITIVE_INFINITY
  follower.pump()
  expect(methodsOf(outlet)).toEqual(['snapshot', 'snapshot', 'resync', 'snapshot', 'snapshot'])
  expect(outlet.table()).toEqual({ ids: live(), snapshots: 2 })

  connections.change([connectionOf(40)])
  expect(outlet.table()).toEqual({ ids: live(), snapshots: 2 })
})

it('drops the rest of a snapshot too when a client lags', () => {
  const { connections, feed, live } = start({ rows: 30, unsent: 1000 })
  const outlet = new FakeOutlet()
  outlet.room = 2
  const follower = feed.follow(outlet)
  follower.pump()
  connections.change(connectionsOf(30, 60), ['c0'])
  outlet.room = Number.POSITIVE_INFINITY
  follower.pump()
  expect(methodsOf(outlet).slice(0, 4)).toEqual(['snapshot', 'snapshot', 'resync', 'snapshot'])
  expect(outlet.table()).toEqual({ ids: live(), snapshots: 1 })
})

it('spoils nothing for the others', () => {
  const { connections, feed, live } = start({ rows: 3, unsent: 1000 })
  const [quick, slow] = [new FakeOutlet(), new FakeOutlet()]
  slow.room = 1
  for (const outlet of [quick, slow]) feed.follow(outlet).pump()
  for (let i = 3; i < 30; i++) connections.change([connectionOf(i)])
  expect(quick.table()).toEqual({ ids: live(), snapshots: 1 })
  expect(slow.sent).toHaveLength(1)
})

it('shows a client that comes later the table as it is by then', () => {
  const { connections, feed, live } = start({ rows: 3 })
  feed.follow(new FakeOutlet()).pump()
  connections.change([connectionOf(3)], ['c0'])
  const late = new FakeOutlet()
  feed.follow(late).pump()
  connections.change([connectionOf(4)])
  expect(methodsOf(late)).toEqual(['snapshot', 'changed'])
  expect(late.table().ids).toEqual(live())
})

it('looks at the connections once for all, and not at all unwatched', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { connections, feed } = start()
  const followers = [feed.follow(new FakeOutlet()), feed.follow(new FakeOutlet())]
  expect(connections.watchers).toBe(1)
  for (const follower of followers) follower.stop()
  vi.advanceTimersByTime(linger)
  expect(connections.watchers).toBe(0)
  // Stopped again, it must not stop what has begun meanwhile.
  feed.follow(new FakeOutlet())
  followers[0]?.stop()
  vi.advanceTimersByTime(linger)
  expect(connections.watchers).toBe(1)
})

it('begins to look once, for one who goes and comes again and again', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { connections, feed } = start()
  const looks = vi.spyOn(connections, 'watch')
  for (let i = 0; i < 100; i++) {
    const outlet = new FakeOutlet()
    const follower = feed.follow(outlet)
    follower.pump()
    expect(outlet.table().ids).toEqual(connections.rows.map(({ id }) => id).sort())
    follower.stop()
    connections.change([connectionOf(i)])
    vi.advanceTimersByTime(linger - 1)
  }
  expect(looks).toHaveBeenCalledOnce()
  vi.advanceTimersByTime(1)
  expect(connections.watchers).toBe(0)
})

it('tells once how many came and went, even if nothing else has changed', () => {
  const { connections, feed } = start()
  const outlet = new FakeOutlet()
  feed.follow(outlet).pump()
  connections.tell({ changed: connectionsOf(0, 4), moved: [], closed: [], missed: 7 })
  connections.tell({ changed: [], moved: [], closed: [], missed: 2 })
  const [, ...changes] = outlet.sent
  expect(changes.map(({ params }) => [params.changed.length, params.missed])).toEqual([
    [3, 7],
    [1, undefined],
    [0, 2],
  ])
})
