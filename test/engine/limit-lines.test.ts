import { describe, expect, it } from 'vitest'
import { Reason } from '../../daemon/engine/session-table.ts'
import { Direction, LimitLines, limitLineMemory } from '../../daemon/engine/shared/limit-lines.ts'

const none = { group: 0, rateUp: undefined, rateDown: undefined, maxConnections: undefined, maxSources: undefined }
function lines(limits: Partial<Parameters<LimitLines['set']>[1]> = {}) {
  const made = new LimitLines(limitLineMemory())
  made.set(1, { ...none, ...limits })
  return made
}

describe('a line of limits', () => {
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

  it('counts those in processes that have made way, too', () => {
    const one = lines({ maxConnections: 3 })
    one.setElsewhere(1, 2)
    expect([one.enter(1), one.enter(1), one.live(1), one.connections(1)]).toEqual([true, false, 1, 3])
    one.setElsewhere(1, 1)
    expect([one.enter(1), one.enter(1)]).toEqual([true, false])
    one.clear(1)
    expect(one.connections(1)).toBe(0)
  })

  it('tells when the quota is used up', () => {
    const one = lines()
    const over = Reason.quota
    const spend = (kibibytes: number) => {
      one.spend(1, kibibytes)
      return one.usedUp
    }
    expect([spend(1_000), one.hasQuota(1)]).toEqual([0, false])
    one.setQuota(1, 10)
    expect([spend(4), spend(5), one.barred(1), spend(1), one.barred(1), spend(1)]).toEqual([
      0,
      0,
      undefined,
      1,
      over,
      1,
    ])
    one.setQuota(1, 10)
    expect([one.barred(1), spend(11), one.barred(1)]).toEqual([undefined, 2, over])
    one.setQuota(1, undefined)
    expect([spend(1_000), one.barred(1)]).toEqual([2, undefined])
    one.bar(1, Reason.expired)
    expect(one.barred(1)).toBe(Reason.expired)
  })

  it('stays used up, however much is moved then', () => {
    const one = lines({ rateUp: 1_000, over: 5_000 })
    one.setQuota(1, 10)
    for (let i = 0; i < 5; i++) one.spend(1, 2 ** 30)
    expect([one.rate(1, Direction.down), one.usedUp]).toEqual([5_000, 1])
  })

  it('slows down who has used up a quota, if that is what comes of it', () => {
    const one = lines({ rateUp: 1_000, over: 5_000 })
    one.setQuota(1, 10)
    expect([one.rate(1, Direction.up), one.rate(1, Direction.down)]).toEqual([1_000, 0])
    one.spend(1, 10)
    expect([one.rate(1, Direction.up), one.rate(1, Direction.down), one.barred(1)]).toEqual([1_000, 5_000, undefined])
  })
})
