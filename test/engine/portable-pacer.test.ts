import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Flow, Pacer } from '../../daemon/engine/portable/pacer.ts'
import { Budget, PacedBy } from '../../daemon/engine/shared/budget.ts'
import { Direction, everybody, LimitLines, limitLineMemory } from '../../daemon/engine/shared/limit-lines.ts'
import { noLine, SourceLines } from '../../daemon/engine/shared/source-lines.ts'

const chunk = 64 * 1024

/** A pacer on a clock that the test turns, and flows that say what the test has them say. */
function makePacer() {
  const lines = new LimitLines(limitLineMemory())
  const pacer = new Pacer(new Budget(lines, new SourceLines(SourceLines.memory())))
  const limit = (line: number, rateDown: number | undefined) =>
    lines.set(line, { group: 0, rateUp: undefined, rateDown, maxConnections: undefined, maxSources: undefined })

  /** What it says comes in pieces of so many bytes. */
  const open = (user: number, piece = chunk) => {
    const row = { user, source: noLine, waiting: 0, paced: PacedBy.nobody as PacedBy, waited() {}, dropped() {} }
    let toSay = 0
    let [moved, left] = [0, piece]
    const flow = new Flow(row, Direction.down, () => void Promise.resolve().then(go))
    const go = () => {
      while (toSay > 0 && !flow.isWaiting) {
        const length = Math.min(toSay, left)
        const granted = pacer.grant(flow, length, Math.min(chunk, toSay - length))
        left = left === granted ? piece : left - granted
        toSay -= granted
        moved += granted
      }
    }
    return {
      row,
      say(bytes: number) {
        toSay += bytes
        go()
      },
      leave() {
        toSay = 0
        pacer.forget(flow)
      },
      get moved() {
        return moved
      },
      take() {
        const taken = moved
        moved = 0
        return taken
      },
    }
  }
  return { lines, pacer, limit, open }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
const jain = (moved: readonly number[]) => sum(moved) ** 2 / (moved.length * sum(moved.map((one) => one * one)))

describe('the portable pacer', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 10_000 })
    vi.advanceTimersByTime(10_000)
    onTestFinished(() => void vi.useRealTimers())
  })

  it.each([
    [64_000, 1],
    [1_000_000, 1],
    [10_000_000, 1],
    [1_000_000, 20],
    [10_000_000, 3],
    [1_000_000, 200],
  ])('moves %d bytes a second, shared evenly by %d', async (rate, count) => {
    const { limit, open } = makePacer()
    limit(1, rate)
    const flows = Array.from({ length: count }, () => open(1))
    for (const flow of flows) flow.say(1e9)
    await vi.advanceTimersByTimeAsync(1_000)
    const first = sum(flows.map((flow) => flow.take()))
    expect(first - rate).toBeLessThanOrEqual(Math.max(65_536, rate / 10))
    await vi.advanceTimersByTimeAsync(5_000)
    const moved = flows.map((flow) => flow.take())
    expect(Math.abs(sum(moved) / (5 * rate) - 1)).toBeLessThan(0.1)
    expect(jain(moved)).toBeGreaterThan(0.95)
  })

  it.each([
    [64_000, 200, 60],
    [100_000_000, 20, 2],
    [100_000_000, 200, 5],
  ])('shares %d bytes a second evenly by %d, whatever the pieces they come in', async (rate, count, seconds) => {
    const { limit, open } = makePacer()
    limit(1, rate)
    const flows = Array.from({ length: count }, (_, i) => open(1, i % 2 === 0 ? chunk : 10_000))
    for (const flow of flows) flow.say(1e9)
    await vi.advanceTimersByTimeAsync(1_000)
    for (const flow of flows) flow.take()
    for (let second = 0; second < seconds; second++) {
      const before = sum(flows.map((flow) => flow.moved))
      await vi.advanceTimersByTimeAsync(1_000)
      expect(Math.abs((sum(flows.map((flow) => flow.moved)) - before) / rate - 1)).toBeLessThan(0.1)
    }
    expect(jain(flows.map((flow) => flow.moved))).toBeGreaterThan(0.98)
  })

  it('obeys the narrower of two limits, and says which', async () => {
    const { limit, open } = makePacer()
    limit(1, 1_000_000)
    limit(everybody, 300_000)
    const flows = [open(1), open(2)]
    for (const flow of flows) flow.say(1e9)
    await vi.advanceTimersByTimeAsync(1_000)
    for (const flow of flows) flow.take()
    await vi.advanceTimersByTimeAsync(2_000)
    const moved = flows.map((flow) => flow.take())
    expect(Math.abs(sum(moved) / 600_000 - 1)).toBeLessThan(0.1)
    expect(jain(moved)).toBeGreaterThan(0.95)
    expect(flows.map(({ row }) => row.paced)).toEqual([PacedBy.everybody, PacedBy.everybody])
  })

  it('lets who has little to say go first', async () => {
    const { limit, open } = makePacer()
    limit(1, 100_000)
    const bulk = Array.from({ length: 20 }, () => open(1))
    for (const flow of bulk) flow.say(1e9)
    await vi.advanceTimersByTimeAsync(2_000)
    const ping = open(1)
    for (let i = 0; i < 20; i++) {
      ping.say(10)
      // So long as it takes to gather a read; in turns with the others it would be more than half a second.
      await vi.advanceTimersByTimeAsync(50)
      expect(ping.take()).toBe(10)
      await vi.advanceTimersByTimeAsync(50)
    }
  })

  it('lets who has much to say have a share beside a crowd of others that say little at a time', async () => {
    const { limit, open } = makePacer()
    limit(everybody, 1_000_000)
    const bulk = open(2)
    bulk.say(1e9)
    await vi.advanceTimersByTimeAsync(1_000)
    const crowd = Array.from({ length: 30 }, () => open(1))
    for (const flow of crowd) flow.say(2_500)
    bulk.take()
    for (let i = 0; i < 2_000; i++) {
      await vi.advanceTimersByTimeAsync(1)
      for (const flow of crowd) if (flow.take() > 0) flow.say(2_500)
    }
    expect(bulk.take()).toBeGreaterThan(0.4 * 2_000_000)
  })

  it('leaves a user with one flow a share beside one with many', async () => {
    const { limit, open } = makePacer()
    limit(everybody, 1_000_000)
    const [one, ...many] = [open(2), ...Array.from({ length: 30 }, () => open(1))]
    for (const flow of [one, ...many]) flow.say(1e9)
    await vi.advanceTimersByTimeAsync(1_000)
    for (const flow of [one, ...many]) flow.take()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(one.take()).toBeGreaterThan(0.35 * 3_000_000)
    expect(jain(many.map((flow) => flow.take()))).toBeGreaterThan(0.95)
  })

  it('has one timer for all who wait for the same, and none for nobody', async () => {
    const { limit, open } = makePacer()
    limit(1, 10_000)
    const flows = Array.from({ length: 100 }, () => open(1))
    expect(vi.getTimerCount()).toBe(0)
    for (const flow of flows) flow.say(chunk)
    expect(vi.getTimerCount()).toBe(1)
    let looks = 0
    for (const end = performance.now() + 10_000; performance.now() < end; looks++)
      await vi.advanceTimersToNextTimerAsync()
    // 100,000 bytes by 2,896.
    expect(looks).toBeLessThan(2 * 36)
    for (const flow of flows) flow.leave()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('takes nothing along of what was granted to those who have gone', async () => {
    const { limit, open, lines } = makePacer()
    limit(1, 1_000_000)
    for (let i = 0; i < 50; i++) {
      const gone = open(1)
      gone.say(1e9)
      vi.advanceTimersByTime(50)
      // Its row may be somebody else's by now.
      gone.row.user = 2
      gone.leave()
      expect(lines.buckets.waiting(lines.bucketAt(1, Direction.down))).toBe(0)
    }
    const last = open(1)
    last.say(1e9)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(last.take()).toBeGreaterThan(900_000)
  })
})
