import { describe, expect, it } from 'vitest'
import { shareDescriptors } from '../../daemon/engine/descriptor-shares.ts'

describe('the shares of descriptors', () => {
  it.each([
    [256, 65_536],
    [560, 65_536],
    [1024, 65_536],
    [4096, 65_536],
    [20_000, 65_536],
    [1_048_576, 65_536],
    [1_048_576, 1_000_000],
    [Number.POSITIVE_INFINITY, 65_536],
  ])('never add up to more than a limit of %i, once it is more than is reserved', (limit, wanted) => {
    const { sessions, extras } = shareDescriptors(limit, wanted)
    expect(sessions).toBeGreaterThanOrEqual(16)
    expect(sessions).toBeLessThanOrEqual(wanted)
    expect(extras).toBeGreaterThanOrEqual(128)
    expect(extras).toBeLessThanOrEqual(8192)
    if (limit > 512 + 32) expect(2 * sessions + extras).toBeLessThanOrEqual(limit - 512 + 128)
  })

  it('give sessions all that is wanted where there are plenty, and some hundreds of associations where there are not', () => {
    expect(shareDescriptors(1_048_576, 65_536)).toEqual({ sessions: 65_536, extras: 8192 })
    expect(shareDescriptors(20_000, 65_536)).toEqual({ sessions: 9135, extras: 1346 })
  })
})
