import { assert, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shareDescriptors, TooFewDescriptors } from '../../daemon/engine/shared/descriptor-shares.ts'

const twoLoops = { loops: 2, listeners: 2 }

describe('the shares of descriptors', () => {
  it('never add up to more than the limit less what the process needs, and leave nobody without', () => {
    const limits = integer({ min: 140, max: 2_000_000 })
    assert(
      property(limits, integer({ min: 1, max: 1_000_000 }), (limit, wanted) => {
        const { sessions, extras, waiting } = shareDescriptors(limit, wanted, twoLoops)
        expect(2 * sessions + extras).toBeLessThanOrEqual(limit - 92)
        expect(2 * sessions + extras + waiting).toBeLessThanOrEqual(limit - 48)
        expect(waiting).toBeGreaterThanOrEqual(44)
        expect(sessions).toBeLessThanOrEqual(wanted)
        expect(sessions).toBeGreaterThanOrEqual(Math.min(wanted, 18))
        expect(extras).toBeGreaterThanOrEqual(12)
        expect(extras).toBeLessThanOrEqual(8192)
      }),
    )
  })

  it.each([
    [256, { sessions: 61, extras: 42 }],
    // Less the process itself, and as many as come to management and metrics without a login.
    [1024, { sessions: 288, extras: 192, waiting: 1024 - 2 * 288 - 192 - 48 - 48 }],
    [4096, { sessions: 1344, extras: 896 }],
    [20_000, { sessions: 7308, extras: 4872 }],
    [1_048_576, { sessions: 65_536, extras: 8192 }],
    [Number.POSITIVE_INFINITY, { sessions: 65_536, extras: 8192 }],
  ])('of a limit of %i are these', (limit, shares) => {
    expect(shareDescriptors(limit, 65_536, twoLoops)).toMatchObject(shares)
  })

  it.each([
    [28_232, { sessions: 65_536, extras: 8192, binds: 4096 }],
    [1_000, { sessions: 65_536, extras: 333, binds: 166 }],
  ])('leave most of %i ports to others', (ports, shares) => {
    expect(shareDescriptors(1_048_576, 65_536, { ...twoLoops, ports })).toMatchObject(shares)
  })

  it('of a limit that is too low are none, and it is told how many it takes', () => {
    for (const limit of [0, 40, 139]) {
      const share = () => shareDescriptors(limit, 65_536, twoLoops)
      expect(share).toThrow(TooFewDescriptors)
      expect(share).toThrow(`may have ${limit} descriptors, and 140 are needed`)
    }
  })
})
