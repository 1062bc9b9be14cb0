import { expect, test } from 'vitest'
import { formatSpan, parseSpan, readSpan, spanText } from '../../shared/span.ts'

test.each([
  ['30s', 30_000],
  ['250ms', 250],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['2D', 172_800_000],
  ['4w', 2_419_200_000],
  ['1y', undefined],
  ['90', undefined],
  ['h', undefined],
  ['-1s', undefined],
  ['1h 30m', undefined],
  ['', undefined],
])('%j lasts %s ms', (text, milliseconds) => expect(parseSpan(text)).toBe(milliseconds))

test.each([
  [0, '0s'],
  [250, '250ms'],
  [90_000, '1m30s'],
  [3_600_000, '1h'],
  [1_209_600_000, '14d'],
  [86_461_001, '1d1m1s1ms'],
])('%s ms are written as %s, which means the same', (milliseconds, text) => {
  expect(formatSpan(milliseconds)).toBe(text)
  expect(parseSpan(text)).toBe(milliseconds)
})

test('a setting takes a span, or the number that it holds', () => {
  expect(['10m', '600000', '1.5s', 'soon', '0.5ms'].map((text) => readSpan(text, 'MS'))).toEqual([
    600_000,
    600_000,
    1500,
    undefined,
    undefined,
  ])
  expect(['1m', '60', '1.5s'].map((text) => readSpan(text, 'S'))).toEqual([60, 60, undefined])
  expect([spanText(600_000, 'MS'), spanText(90, 'S')]).toEqual(['10m', '1m30s'])
})
