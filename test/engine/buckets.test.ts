import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Buckets, smallestQuantum } from '../../daemon/engine/shared/buckets.ts'
import { Budget } from '../../daemon/engine/shared/budget.ts'
import { Direction, eachSource, LimitLines, limitLineMemory } from '../../daemon/engine/shared/limit-lines.ts'
import { noLine, SourceLines } from '../../daemon/engine/shared/source-lines.ts'

const start = 1_000_000

/** One of this rate, in bytes a second, in the middle of other things. */
function bucket(rate: number) {
  const buckets = new Buckets(new Int32Array(new SharedArrayBuffer(64)))
  buckets.reset(8)
  return {
    take: (want: number, now: number) => buckets.take(8, rate, want, now),
    takeWhole: (bytes: number, now: number) => buckets.takeWhole(8, rate, bytes, now),
    giveBack: (bytes: number) => buckets.giveBack(8, bytes),
    wakeAt: (now: number) => buckets.wakeAt(8, rate, now),
    waits: (change: 1 | -1) => buckets.waits(8, change),
  }
}

describe('a bucket of credit', () => {
  it('never lets more pass than the rate allows, whoever takes and gives back whatever and whenever', () => {
    const moves = fc.array(
      fc.record({
        pause: fc.integer({ min: 0, max: 400 }),
        want: fc.integer({ min: 1, max: 1 << 20 }),
        used: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 1_000_000_000 }), moves, (rate, all) => {
        const one = bucket(rate)
        one.take(1, start)
        one.giveBack(1)
        let now = start
        let moved = 0
        for (const { pause, want, used } of all) {
          now += pause
          const taken = one.take(want, now)
          const kept = Math.floor(taken * used)
          one.giveBack(taken - kept)
          moved += kept
          const depth = Math.max(65_536, rate / 10)
          expect(moved).toBeLessThanOrEqual(depth + Math.ceil((rate * (now - start + 5)) / 1000))
        }
      }),
    )
  })

  it.each([64_000, 1_000_000, 10_000_000, 100_000_000])(
    'lets pass %d bytes a second to who always has more',
    (rate) => {
      const one = bucket(rate)
      const seconds = new Float64Array(10)
      for (let now = start; now < start + 10_000; now = Math.max(now + 1, Math.ceil(one.wakeAt(now)))) {
        for (let taken = one.take(65_536, now); taken > 0; taken = one.take(65_536, now))
          seconds.set([(seconds.at(Math.floor((now - start) / 1000)) ?? 0) + taken], Math.floor((now - start) / 1000))
      }
      for (const moved of seconds.slice(1)) expect(Math.abs(moved / rate - 1)).toBeLessThan(0.1)
    },
  )

  it('holds no more after ten idle minutes than its depth', () => {
    const one = bucket(1_000_000)
    let burst = 0
    for (let taken = 1; taken > 0; burst += taken) taken = one.take(65_536, start + 600_000)
    expect(burst).toBeLessThanOrEqual(100_000)
  })

  it('goes on when the clock has counted for longer than a word holds', () => {
    for (const wrap of [2 ** 31 * 5, 2 ** 32 * 5]) {
      const one = bucket(100)
      for (let taken = 1; taken > 0; ) taken = one.take(65_536, wrap - 10)
      expect(one.take(65_536, wrap - 5)).toBe(0)
      expect(one.take(65_536, wrap + 60_000)).toBeGreaterThan(0)
    }
  })

  it('shares a rate among those who wait', () => {
    const one = bucket(1_000_000)
    expect(one.take(1 << 20, start)).toBe(50_000)
    for (let i = 0; i < 10; i++) one.waits(1)
    expect(one.take(1 << 20, start)).toBe(5_000)
    for (let i = 0; i < 10; i++) one.waits(-1)
    expect(one.take(1 << 20, start + 100)).toBe(50_000)
  })

  it('lets small change gather', () => {
    const one = bucket(64_000)
    for (let taken = 1; taken > 0; ) taken = one.take(65_536, start)
    expect(one.take(65_536, start + 5)).toBe(0)
    const wake = one.wakeAt(start + 5)
    expect(wake).toBeGreaterThan(start + 5)
    expect(one.take(65_536, wake + 5)).toBeGreaterThanOrEqual(smallestQuantum)
  })

  it.each([100_000, 10_000_000])(
    'of %d bytes a second leaves half to those who wait beside a flood of datagrams',
    (rate) => {
      const one = bucket(rate)
      let [passed, moved] = [0, 0]
      one.waits(1)
      // The flood is there first whenever there is credit.
      for (let now = start; now < start + 10_000; now++) {
        while (one.takeWhole(1_000, now)) passed += 1_000
        for (let taken = one.take(65_536, now); taken > 0; taken = one.take(65_536, now)) moved += taken
      }
      expect(Math.abs(moved / (5 * rate) - 1)).toBeLessThan(0.1)
      // Alone it has it all.
      one.waits(-1)
      for (let now = start + 10_000; now < start + 20_000; now++) while (one.takeWhole(1_000, now)) passed += 1_000
      expect(Math.abs(passed / (15 * rate) - 1)).toBeLessThan(0.1)
    },
  )
})

describe('a rate that becomes lower', () => {
  const limits = { group: 0, rateUp: undefined, maxConnections: undefined, maxSources: undefined }
  /** All that there is at a moment. */
  const drain = (budget: Budget, payer: { user: number; source: number }, now: number) => {
    let all = 0
    for (let taken = 1; taken > 0; all += taken) taken = budget.take(payer, Direction.down, 65_536, now)
    return all
  }

  it('gives nothing, however often it does', () => {
    const lines = new LimitLines(limitLineMemory())
    const budget = new Budget(lines, new SourceLines(SourceLines.memory()))
    let moved = 0
    for (let i = 0; i < 100; i++) {
      lines.set(7, { ...limits, rateDown: 50_000 - (i % 2) })
      moved += drain(budget, { user: 7, source: noLine }, start + 10 * i)
    }
    expect(moved).toBeLessThanOrEqual(65_536 + 50_000)
  })

  it.each(['a user', 'a source'])('leaves %s no more than it holds', (whose) => {
    const lines = new LimitLines(limitLineMemory())
    const sources = new SourceLines(SourceLines.memory())
    const budget = new Budget(lines, sources)
    const source = sources.enter(new Uint8Array(16), 0, start)
    const [line, payer] = whose === 'a user' ? [7, { user: 7, source: noLine }] : [eachSource, { user: 0, source }]
    lines.set(line, { ...limits, rateDown: 100_000_000 })
    budget.take(payer, Direction.down, 1, start)
    budget.take(payer, Direction.down, 1, start + 1_000)
    lines.set(line, { ...limits, rateDown: 10_000 })
    expect(drain(budget, payer, start + 1_010)).toBeLessThanOrEqual(65_536)
  })
})

it('a limit lets empty datagrams pass by their headers, and no more of them', () => {
  const lines = new LimitLines(limitLineMemory())
  const limits = { group: 0, rateDown: undefined, maxConnections: undefined, maxSources: undefined }
  lines.set(7, { ...limits, rateUp: 28_000 })
  const budget = new Budget(lines, new SourceLines(SourceLines.memory()))
  const pass = (now: number) => {
    const passed = Array.from({ length: 10_000 }, () =>
      budget.takeWhole({ user: 7, source: noLine }, Direction.up, 0, now),
    )
    return passed.filter(Boolean).length
  }
  pass(start)
  expect(pass(start + 1_000)).toBeLessThanOrEqual(2_400)
  expect(pass(start + 1_050)).toBe(50)
})
