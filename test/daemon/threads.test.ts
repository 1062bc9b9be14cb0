import { expect, test } from 'vitest'
import { shareThreads } from '../../daemon/threads.ts'

test.each([
  [Number.POSITIVE_INFINITY, { pool: 256, loops: Number.POSITIVE_INFINITY }],
  [400, { pool: 256, loops: 139 }],
  [100, { pool: 71, loops: 24 }],
  [12, { pool: 5, loops: 2 }],
  [10, { pool: 4, loops: 1 }],
])('of %d threads', (spare, shares) => {
  expect(shareThreads(spare, 256)).toEqual(shares)
})

test('takes no more for the pool than libuv does, nor than is wanted', () => {
  expect(shareThreads(Number.POSITIVE_INFINITY, 5_000).pool).toBe(1024)
  expect(shareThreads(Number.POSITIVE_INFINITY, 8).pool).toBe(8)
})

test.each([9, 0, -3])('refuses to start with %d, and says what to do', (spare) => {
  const line = new RegExp(`room for ${Math.max(0, spare)} more threads, and takes 10: .*ulimit -u.*pids\\.max`)
  expect(() => shareThreads(spare, 256)).toThrow(line)
})
