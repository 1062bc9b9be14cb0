import { expect, test } from 'vitest'
import { formatDuration, formatTime } from '../../../shared/format/time.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

test.each([
  [-1, '0s'],
  [999, '0s'],
  [59_999, '59s'],
  [minute, '1m00s'],
  [minute + 5_000, '1m05s'],
  [hour - 1, '59m59s'],
  [hour, '1h00m'],
  [3 * hour + 4 * minute + 59_000, '3h04m'],
  [day - 1, '23h59m'],
  [12 * day + 3 * hour, '12d03h'],
  [400 * day, '400d00h'],
])('%d ms are %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

test('a moment is told to the second, in UTC', () => {
  expect(formatTime(0)).toBe('1970-01-01T00:00:00Z')
  expect(formatTime(Date.UTC(2026, 0, 31, 23, 59, 1, 999))).toBe('2026-01-31T23:59:01Z')
})
