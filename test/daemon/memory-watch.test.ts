import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { MemoryWatch } from '../../daemon/memory-watch.ts'

const MiB = 1024 * 1024

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watchOf(most: number, left: number) {
  const now = { left, live: 0 }
  const allowed: number[] = []
  const warnings: string[] = []
  const watch = new MemoryWatch({
    memory: () => ({ most: most * MiB, left: now.left * MiB }),
    countLive: () => now.live,
    warn: (message) => warnings.push(message),
  })
  onTestFinished(() => watch.close())
  watch.start(() => allowed.push(watch.most))
  /** Five seconds later. */
  const later = (left: number, live: number) => {
    Object.assign(now, { left, live })
    vi.advanceTimersByTime(5000)
    return watch.most
  }
  return { now, later, allowed, warnings }
}

test('where there is memory for many more, nothing is limited', () => {
  const { later, allowed, warnings } = watchOf(1024, 950)
  expect(later(650, 10_000)).toBe(Number.POSITIVE_INFINITY)
  expect([allowed, warnings]).toEqual([[], []])
  expect(later(328, 10_000)).toBe(10_400)
  expect(later(650, 10_000)).toBe(Number.POSITIVE_INFINITY)
})

test('no more clients are let in than what is left is enough for, and it is said once', () => {
  // 20 MiB are kept; half a MiB is for each.
  const { now, later, allowed, warnings } = watchOf(80, 70)
  expect(allowed).toEqual([100])
  expect(warnings).toEqual([])
  // As long as they may still come to take it, what is left is for those who have come.
  Object.assign(now, { left: 60, live: 90 })
  vi.advanceTimersByTime(3000)
  expect(allowed.at(-1)).toBe(90)
  expect(later(50, 90)).toBe(150)
  expect(later(18, 149)).toBe(149)
  expect(warnings).toEqual(['memory is short (80 MiB in its control group): there is room for few more clients'])
  // They have left, and the memory that they had is not given back yet.
  expect(later(19, 0)).toBe(50)
  expect(later(60, 0)).toBe(80)
  later(18, 75)
  expect(warnings).toHaveLength(2)
})

test('while what is left cannot be told, nothing changes', () => {
  const { later, allowed } = watchOf(80, 70)
  expect(later(Number.NaN, 90)).toBe(100)
  expect(allowed).toEqual([100])
})
