import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Reason } from '../../daemon/engine/session-table.ts'
import { ObservedConnections } from '../../daemon/observe/connections.ts'
import type { TableChange } from '../../daemon/observe/table-view.ts'
import { WallClock } from '../../daemon/observe/wall-clock.ts'
import { FakeLoop } from './fake-loop.ts'

const day = 86_400_000
const year2026 = 1_767_225_600_000

function clocks() {
  const time = { steady: 5000, wall: year2026 }
  const wall = new WallClock(
    () => time.wall,
    () => time.steady,
  )
  const pass = (milliseconds: number) => {
    time.steady += milliseconds
    time.wall += milliseconds
  }
  return { time, wall, pass }
}

it.each([-day, 3650 * day])(
  'tells times by the clock as it has been set, by %i ms, and durations as they were',
  (by) => {
    const { time, wall, pass } = clocks()
    pass(1000)
    expect(wall.tellNow(5000)).toBe(year2026)
    time.wall += by
    expect(wall.tellNow(5000)).toBe(time.wall - 1000)
    expect(wall.tell(5600) - wall.tell(5000)).toBe(600)
    expect(wall.look()).toBe(1)
  },
)

it('does not let times waver with a clock that is set right little by little', () => {
  const { time, wall } = clocks()
  time.wall += 200
  expect(wall.tellNow(5000)).toBe(year2026)
  expect(wall.look()).toBe(0)
})

it.each([-day, 3650 * day])(
  'a connection lasts as long as it lasted when the clock is set by %i ms meanwhile',
  (by) => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { time, wall, pass } = clocks()
    const loop = new FakeLoop()
    const connections = new ObservedConnections(
      { tables: [loop.table], order: async () => [] },
      () => undefined,
      () => ({}) as never,
      wall,
      () => ({ up: 0, down: 0 }),
    )
    const changes: TableChange[] = []
    loop.begin(0, { serial: 1, opened: time.steady })
    loop.begin(1, { serial: 2, opened: time.steady })
    connections.watch((change) => changes.push(change))
    expect(connections.rows.map(({ opened }) => opened)).toEqual([year2026, year2026])
    pass(2500)
    time.wall += by
    vi.advanceTimersByTime(250)
    expect(changes[0]?.changed.map(({ opened }) => opened)).toEqual([time.wall - 2500, time.wall - 2500])
    pass(500)
    loop.end(0, Reason.finished, time.steady)
    const [ended] = connections.closed(1)
    expect((ended?.ended ?? 0) - (ended?.opened ?? 0)).toBe(3000)
    expect(time.wall - (connections.page(1)?.connections[0]?.opened ?? 0)).toBe(3000)
  },
)

it('is asked about the times of other threads, whose clock that only goes forward is this one', async () => {
  const before = performance.now()
  const worker = new Worker("require('node:worker_threads').parentPort.postMessage(performance.now())", { eval: true })
  const [there] = await once(worker, 'message')
  expect(there).toBeGreaterThan(before)
  expect(there).toBeLessThan(performance.now())
})
