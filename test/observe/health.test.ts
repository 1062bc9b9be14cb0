import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Total } from '../../daemon/engine/session-table.ts'
import { Descriptors, healthReport, StoreChanges } from '../../daemon/observe/health.ts'
import { health } from '../../shared/protocol/methods.ts'
import { FakeLoop } from './fake-loop.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('the store', () => {
  it('has the slowest change of the last minute', () => {
    vi.useFakeTimers()
    const changes = new StoreChanges()
    expect(changes.health).toEqual({ problem: null, slowest: 0 })
    changes.heard(4)
    vi.advanceTimersByTime(30_000)
    changes.heard(2)
    expect(changes.health.slowest).toBe(4)
    vi.advanceTimersByTime(30_000)
    expect(changes.health.slowest).toBe(2)
    vi.advanceTimersByTime(30_000)
    expect(changes.health.slowest).toBe(0)
  })

  it('has a problem until a change is stored', () => {
    const changes = new StoreChanges()
    changes.heard(1, new Error('the disk is full'))
    changes.heard(1, new Error('the disk is still full'))
    expect(changes.health.problem).toBe('the disk is still full')
    changes.heard(1)
    expect(changes.health.problem).toBeNull()
  })
})

describe('descriptors', () => {
  it('are those that the process has', () => {
    const before = new Descriptors().health
    const held = Array.from({ length: 10 }, () => openSync(devNull, 'r'))
    onTestFinished(() => held.forEach((fd) => void closeSync(fd)))
    const { open, max } = new Descriptors().health
    expect(open).toBe(before.open + 10)
    expect(max).toBe(before.max)
    expect(max).toBeGreaterThan(open)
  })

  it('are counted every two seconds at most', () => {
    vi.useFakeTimers()
    const count = vi.fn(() => 5)
    const descriptors = new Descriptors(count)
    for (let i = 0; i < 3; i++) expect(descriptors.health.open).toBe(5)
    expect(count).toHaveBeenCalledTimes(1)
    count.mockReturnValue(6)
    vi.advanceTimersByTime(2_000)
    expect(descriptors.health.open).toBe(6)
  })

  it('are no more than there can be, though counting them takes one that is not there', () => {
    const { open, max } = new Descriptors(() => Number.POSITIVE_INFINITY).health
    expect(open).toBe(max)
  })
})

describe('the report', () => {
  const rest = {
    metrics: { lag: 1.23456 },
    store: new StoreChanges(),
    names: { health: { pending: 1, failed: 2, slowest: 4.56789 } },
    waiting: () => ['the rules'],
    damages: () => ['the stored setting auth is ignored'],
    openMetrics: [],
    trusted: () => [],
    balancers: [],
    webhook: undefined,
    accessLog: { state: { problem: null, dropped: 3 } },
    fleet: () => ({ node: 'a', nodes: 3, gone: 1, problem: null, lag: 900, behind: ['rules'] }),
    near: () => [{ user: 'bob', limit: 'quota' as const, used: 9, most: 10 }],
  }

  it('is what the protocol tells of, read anew each time', () => {
    const loops = [new FakeLoop(), new FakeLoop()] as const
    const tables = loops.map(({ table }) => table)
    let maxConnections = 50
    const report = healthReport({
      engine: { kind: 'linux', tables, capacity: 100, restarts: [0, 2] },
      maxConnections: () => maxConnections,
      ...rest,
    })
    for (const loop of loops) loop.begin(0, { serial: 1 })
    expect(report().sessions).toEqual({ live: 2, max: 50 })
    for (const { totals } of tables) totals[Total.shedSilent] = 2
    loops[1].table.totals[Total.shedNewcomers] = 3
    const told = report()
    expect(health.parse(told)).toEqual(told)
    expect(told.fleet).toEqual(rest.fleet())
    expect(told).toMatchObject({
      lag: 1.23,
      loops: [{ lag: 0 }, { lag: 0, restarts: 2 }],
      sessions: { live: 2, max: 50, shed: 7 },
      names: { pending: 1, failed: 2, slowest: 4.57 },
    })
    loops[0].end(0)
    maxConnections = 1000
    expect(report().sessions).toEqual({ live: 1, max: 100, shed: 7 })
  })

  it('has no loops where the main thread carries the connections', () => {
    const engine = { kind: 'portable' as const, tables: [new FakeLoop().table], capacity: 10, restarts: [] }
    expect(healthReport({ engine, maxConnections: () => 10, ...rest })().loops).toEqual([])
  })
})
