import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { inSlices } from '../../daemon/slices.ts'

it('is long work between whose slices others have their turn, few items or many', async () => {
  let hasEnded = false
  let turns = 0
  const others = (async () => {
    for (; !hasEnded; turns++) await setImmediate()
  })()
  const results = await inSlices([1, 2, 3, 4, 5], (item) => {
    const end = performance.now() + 20
    while (performance.now() < end);
    return 2 * item
  })
  const during = turns
  hasEnded = true
  await others
  expect(results).toEqual([2, 4, 6, 8, 10])
  expect(during).toBeGreaterThanOrEqual(4)
})
