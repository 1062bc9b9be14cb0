import { describe, expect, it } from 'vitest'
import { LimitLines, limitLineMemory } from '../../daemon/engine/shared/limit-lines.ts'

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

  it('tells when the quota is used up', () => {
    const one = lines()
    expect([one.spend(1, 1_000), one.hasQuota(1)]).toEqual([true, false])
    one.setQuota(1, 10)
    expect([one.spend(1, 4), one.spend(1, 5), one.spend(1, 1), one.spend(1, 1)]).toEqual([true, true, false, false])
    one.setQuota(1, undefined)
    expect(one.spend(1, 1_000)).toBe(true)
  })
})
