import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LimitLines, limitLineMemory, smallestQuantum } from '../../daemon/engine/shared/limit-lines.ts'

const none = { group: 0, rateUp: undefined, rateDown: undefined, maxConnections: undefined, maxSources: undefined }
const start = 1_000_000

function lines(limits: Partial<Parameters<LimitLines['set']>[1]> = {}) {
  const made = new LimitLines(limitLineMemory())
  made.set(1, { ...none, ...limits })
  return made
}

describe('a line of limits', () => {
  it('lets everything pass without a rate', () => {
    expect(lines().take(1, 'up', 1_000_000, start)).toBe(1_000_000)
  })

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
        const one = lines({ rateDown: rate })
        one.take(1, 'down', 1, start)
        one.giveBack(1, 'down', 1)
        let now = start
        let moved = 0
        for (const { pause, want, used } of all) {
          now += pause
          const taken = one.take(1, 'down', want, now)
          const kept = Math.floor(taken * used)
          one.giveBack(1, 'down', taken - kept)
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
      const one = lines({ rateUp: rate })
      const seconds = new Float64Array(10)
      for (let now = start; now < start + 10_000; now = Math.max(now + 1, Math.ceil(one.wakeAt(1, 'up', now)))) {
        for (let taken = one.take(1, 'up', 65_536, now); taken > 0; taken = one.take(1, 'up', 65_536, now))
          seconds.set([(seconds.at(Math.floor((now - start) / 1000)) ?? 0) + taken], Math.floor((now - start) / 1000))
      }
      for (const moved of seconds.slice(1)) expect(Math.abs(moved / rate - 1)).toBeLessThan(0.1)
    },
  )

  it('holds no more after ten idle minutes than its depth', () => {
    const one = lines({ rateUp: 1_000_000 })
    let burst = 0
    for (let taken = 1; taken > 0; burst += taken) taken = one.take(1, 'up', 65_536, start + 600_000)
    expect(burst).toBeLessThanOrEqual(100_000)
  })

  it('goes on when the clock has counted for longer than a word holds', () => {
    for (const wrap of [2 ** 31 * 5, 2 ** 32 * 5]) {
      const one = lines({ rateUp: 100 })
      for (let taken = 1; taken > 0; ) taken = one.take(1, 'up', 65_536, wrap - 10)
      expect(one.take(1, 'up', 65_536, wrap - 5)).toBe(0)
      expect(one.take(1, 'up', 65_536, wrap + 60_000)).toBeGreaterThan(0)
    }
  })

  it('shares a rate among those who wait', () => {
    const one = lines({ rateDown: 1_000_000 })
    expect(one.take(1, 'down', 1 << 20, start)).toBe(50_000)
    for (let i = 0; i < 10; i++) one.waits(1, 'down', 1)
    expect(one.take(1, 'down', 1 << 20, start)).toBe(5_000)
    for (let i = 0; i < 10; i++) one.waits(1, 'down', -1)
    expect(one.take(1, 'down', 1 << 20, start + 100)).toBe(50_000)
  })

  it('lets small change gather', () => {
    const one = lines({ rateUp: 64_000 })
    for (let taken = 1; taken > 0; ) taken = one.take(1, 'up', 65_536, start)
    expect(one.take(1, 'up', 65_536, start + 5)).toBe(0)
    const wake = one.wakeAt(1, 'up', start + 5)
    expect(wake).toBeGreaterThan(start + 5)
    expect(one.take(1, 'up', 65_536, wake + 5)).toBeGreaterThanOrEqual(smallestQuantum)
  })

  it('counts connections up to the limit, and leaves room as they leave', () => {
    const one = lines({ maxConnections: 2 })
    expect([one.enter(1), one.enter(1), one.enter(1)]).toEqual([true, true, false])
    one.leave(1)
    expect([one.enter(1), one.enter(1), one.live(1)]).toEqual([true, false, 2])
    one.set(1, { ...none, maxConnections: 0 })
    expect(one.enter(1)).toBe(false)
    one.set(1, none)
    expect(one.enter(1)).toBe(true)
  })

  it('tells when the quota is used up', () => {
    const one = lines()
    expect([one.spend(1, 1_000), one.hasQuota(1)]).toEqual([true, false])
    one.setQuota(1, 10)
    expect([one.spend(1, 4), one.spend(1, 5), one.spend(1, 1), one.spend(1, 1)]).toEqual([true, true, false, false])
    one.setQuota(1, undefined)
    expect(one.spend(1, 1_000)).toBe(true)
  })
})
