import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { RecordedMetrics } from '../../daemon/observe/metrics.ts'
import { UserTraffic } from '../../daemon/observe/user-traffic.ts'
import type { Sample } from '../../shared/protocol/methods.ts'
import { sampleOf } from '../helpers/sample.ts'
import { FakeLoop } from './fake-loop.ts'

const start = 1_700_000_000_000
const second = 1_000

beforeEach(() => {
  vi.useFakeTimers({ now: start })
})

afterEach(() => {
  vi.useRealTimers()
})

function trafficOf(loops: readonly FakeLoop[]) {
  return new UserTraffic(loops.map(({ table }) => table))
}

function record(loops: readonly FakeLoop[], names: readonly string[] = [], traffic = trafficOf(loops)) {
  const tables = loops.map(({ table }) => table)
  const users = {
    highestIndex: names.length,
    nameOf: (index: number) => names[index - 1],
    named: (name: string) => (names.includes(name) ? { index: names.indexOf(name) + 1 } : undefined),
  }
  const metrics = new RecordedMetrics(tables, traffic, users)
  onTestFinished(() => metrics.stop())
  return metrics
}

function lastOf(metrics: RecordedMetrics): Sample | undefined {
  return metrics.history(1)[0]
}

describe('a sample', () => {
  it('is there from the start', () => {
    expect(lastOf(record([new FakeLoop()]))).toEqual(sampleOf(0, { time: start }))
  })

  it('sums up all loops', () => {
    const loops = [new FakeLoop(), new FakeLoop()] as const
    const metrics = record(loops)
    for (const loop of loops) {
      for (const slot of [0, 1, 2]) loop.begin(slot, { serial: slot + 1 })
      loop.connected(0)
      loop.move(0, 10, 20)
      loop.end(1)
    }
    vi.advanceTimersByTime(second)
    expect(lastOf(metrics)).toMatchObject({
      seq: 1,
      time: start + second,
      up: 20,
      down: 40,
      accepted: 6,
      connected: 2,
      failed: 2,
      connections: 4,
    })
  })

  it('names the busiest users of its second, then those with most connections', () => {
    const loop = new FakeLoop(8)
    const metrics = record([loop], ['early', 'late', 'idle', 'crowd', 'gone', 'absent'])
    const users = [1, 2, 3, 4, 4, 5]
    users.forEach((user, slot) => {
      loop.begin(slot, { serial: slot + 1 })
      loop.login(slot, user)
    })
    loop.move(0, 1_000, 0)
    loop.end(5)
    vi.advanceTimersByTime(second)
    loop.begin(5, { serial: 7 })
    loop.move(1, 1, 2)
    loop.move(5, 0, 1)
    vi.advanceTimersByTime(second)
    expect(lastOf(metrics)?.users).toEqual([
      { name: 'late', connections: 1, up: 1, down: 2 },
      { name: null, connections: 1, up: 0, down: 1 },
      { name: 'crowd', connections: 2, up: 0, down: 0 },
      { name: 'early', connections: 1, up: 1_000, down: 0 },
      { name: 'idle', connections: 1, up: 0, down: 0 },
    ])
  })

  it('names ten users at most', () => {
    const loop = new FakeLoop(12)
    const metrics = record(
      [loop],
      Array.from({ length: 12 }, (_, i) => `user${i}`),
    )
    for (let slot = 0; slot < 12; slot++) {
      loop.begin(slot, { serial: slot + 1 })
      loop.login(slot, slot + 1)
      loop.move(slot, slot, 0)
    }
    vi.advanceTimersByTime(second)
    expect(lastOf(metrics)?.users.map(({ name }) => name)).toEqual(
      [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((i) => `user${i}`),
    )
  })

  it('leaves out who has no name any more', () => {
    const loop = new FakeLoop()
    const names = ['ann']
    const metrics = record([loop], names)
    loop.begin(0, { serial: 1 })
    loop.login(0, 1)
    names.length = 0
    vi.advanceTimersByTime(second)
    expect(lastOf(metrics)).toMatchObject({ connections: 1, users: [] })
  })
})

describe('a sample of this moment', () => {
  it('counts what came after the last sample, and leaves the series as it is', () => {
    const loop = new FakeLoop()
    const metrics = record([loop], ['calm', 'busy'])
    for (const slot of [0, 1]) {
      loop.begin(slot, { serial: slot + 1 })
      loop.login(slot, slot + 1)
    }
    vi.advanceTimersByTime(second)
    const last = lastOf(metrics)
    loop.move(1, 30, 40)
    vi.advanceTimersByTime(second / 2)
    const moment = { up: 30, down: 40, users: [{ name: 'busy', up: 30 }, { name: 'calm' }] }
    expect(metrics.now()).toMatchObject({ seq: 1, time: start + 1.5 * second, ...moment })
    expect(lastOf(metrics)).toBe(last)
    vi.advanceTimersByTime(second / 2)
    expect(lastOf(metrics)).toMatchObject({ seq: 2, time: start + 2 * second, ...moment })
  })
})

describe('the history', () => {
  it('has the last samples, oldest first', () => {
    const metrics = record([new FakeLoop()])
    vi.advanceTimersByTime(5 * second)
    const seqs = (count: number) => metrics.history(count).map(({ seq }) => seq)
    expect(seqs(3)).toEqual([3, 4, 5])
    expect(seqs(100)).toEqual([0, 1, 2, 3, 4, 5])
    expect(seqs(0)).toEqual([])
  })

  it('goes five minutes back', () => {
    const metrics = record([new FakeLoop()])
    vi.advanceTimersByTime(400 * second)
    const history = metrics.history(10_000)
    expect(history).toHaveLength(300)
    expect(history[0]?.seq).toBe(101)
    expect(history.at(-1)).toBe(lastOf(metrics))
  })
})

describe('throughput', () => {
  const rates = (metrics: RecordedMetrics, user?: string | null) => {
    const { up, down } = metrics.throughput('1m', user)
    return [up.slice(-3), down.slice(-3)]
  }

  it('is that of everybody, of a user, and of those without login', () => {
    const loop = new FakeLoop()
    const metrics = record([loop], ['ann', 'bob'])
    for (const slot of [0, 1]) loop.begin(slot, { serial: slot + 1 })
    loop.login(0, 2)
    loop.move(0, 10, 100)
    vi.advanceTimersByTime(second)
    loop.move(0, 30, 300)
    loop.move(1, 1, 2)
    vi.advanceTimersByTime(second)
    expect(rates(metrics)).toEqual([
      [null, 10, 31],
      [null, 100, 302],
    ])
    expect(rates(metrics, 'bob')).toEqual([
      [null, 10, 30],
      [null, 100, 300],
    ])
    expect(rates(metrics, null)).toEqual([
      [null, 0, 1],
      [null, 0, 2],
    ])
    expect(rates(metrics, 'ann')).toEqual([
      [null, 0, 0],
      [null, 0, 0],
    ])
    expect(metrics.throughput('1m').end).toBe(start + 2 * second)
  })

  it('of somebody who is no user is refused', () => {
    const metrics = record([new FakeLoop()], ['ann'])
    expect(() => metrics.throughput('1m', 'bob')).toThrow(
      expect.objectContaining({ name: 'Refusal', kind: 'not_found' }),
    )
  })

  it('of a user who comes after one of that name and index is their own', () => {
    const loop = new FakeLoop()
    const names = ['ann']
    const traffic = trafficOf([loop])
    const metrics = record([loop], names, traffic)
    loop.begin(0, { serial: 1 })
    loop.login(0, 1)
    loop.move(0, 10, 100)
    vi.advanceTimersByTime(second)
    loop.end(0)
    names.length = 0
    vi.advanceTimersByTime(second)
    names.push('ann')
    traffic.begin(1)
    vi.advanceTimersByTime(second)
    expect(rates(metrics, 'ann')).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ])
  })

  it('misses nothing when somebody asks for a sample between two seconds', () => {
    const loop = new FakeLoop()
    const metrics = record([loop], ['ann'])
    loop.begin(0, { serial: 1 })
    loop.login(0, 1)
    loop.move(0, 10, 100)
    vi.advanceTimersByTime(second / 2)
    metrics.now()
    loop.move(0, 10, 100)
    vi.advanceTimersByTime(second / 2)
    expect(rates(metrics, 'ann')).toEqual([
      [null, null, 20],
      [null, null, 200],
    ])
  })
})

describe('the lag', () => {
  /** The main thread does something else for so long: timers hear of time only afterwards. */
  function stall(milliseconds: number) {
    const before = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => before() + milliseconds)
    onTestFinished(() => void vi.restoreAllMocks())
  }

  it('is the worst of the last ten seconds', () => {
    const metrics = record([new FakeLoop()])
    vi.advanceTimersByTime(2 * second)
    expect(metrics.lag).toBe(0)
    stall(250)
    vi.advanceTimersByTime(second)
    expect(metrics.lag).toBe(250)
    vi.advanceTimersByTime(8 * second)
    expect(metrics.lag).toBe(250)
    vi.advanceTimersByTime(2 * second)
    expect(metrics.lag).toBe(0)
  })
})

describe('watching', () => {
  it('tells each sample to all, until they stop', () => {
    const metrics = record([new FakeLoop()])
    const heard: [string, number][] = []
    const stopA = metrics.watch(({ seq }) => heard.push(['a', seq]))
    metrics.watch(({ seq }) => heard.push(['b', seq]))
    vi.advanceTimersByTime(second)
    stopA()
    vi.advanceTimersByTime(second)
    expect(heard).toEqual([
      ['a', 1],
      ['b', 1],
      ['b', 2],
    ])
  })

  it('joins the history without a gap or an overlap', () => {
    const metrics = record([new FakeLoop()])
    const seen: Sample[] = []
    const stop = metrics.watch(() => {
      stop()
      seen.push(...metrics.history(10))
      metrics.watch((sample) => seen.push(sample))
    })
    vi.advanceTimersByTime(3 * second)
    expect(seen.map(({ seq }) => seq)).toEqual([0, 1, 2, 3])
  })

  it('ends with the recording', () => {
    const metrics = record([new FakeLoop()])
    metrics.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
