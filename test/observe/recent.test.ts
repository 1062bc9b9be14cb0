import { expect, it } from 'vitest'
import { Recent } from '../../daemon/observe/recent.ts'

it('counts, and knows the worst, of the last seconds only', () => {
  let now = 5_300
  const recent = new Recent(10, () => now)
  expect([recent.count, recent.worst]).toEqual([0, 0])
  recent.note(7)
  recent.note(3)
  now = 6_000
  recent.note(5)
  expect([recent.count, recent.worst]).toEqual([3, 7])
  now = 14_999
  expect([recent.count, recent.worst]).toEqual([3, 7])
  now = 15_000
  expect([recent.count, recent.worst]).toEqual([1, 5])
  now = 16_000
  expect([recent.count, recent.worst]).toEqual([0, 0])
})

it('forgets all after a long time in which nobody looked', () => {
  let now = 0
  const recent = new Recent(10, () => now)
  recent.note(7)
  now = 1e12
  recent.note(1)
  expect([recent.count, recent.worst]).toEqual([1, 1])
})
