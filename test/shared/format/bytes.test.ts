import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatBytes, formatRate } from '../../../shared/format/bytes.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [1536, '1.50 KiB'],
  [10_234, '9.99 KiB'],
  [10_240, '10.0 KiB'],
  [102_348, '99.9 KiB'],
  [102_400, '100 KiB'],
  [1_048_063, '1023 KiB'],
  [1_048_064, '1.00 MiB'],
  [5 * 2 ** 40, '5.00 TiB'],
  [Number.MAX_SAFE_INTEGER, '8.00 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('no count of bytes takes more than 8 characters', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => formatBytes(bytes).length <= 8))
})

test('more bytes never look like fewer of the same unit', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(1_000_000), (bytes, more) => {
      const [before, beforeUnit] = formatBytes(bytes).split(' ')
      const [after, afterUnit] = formatBytes(bytes + more).split(' ')
      return beforeUnit !== afterUnit || Number(after) >= Number(before)
    }),
  )
})

test('a rate is told in bytes, or in bits as network people count', () => {
  expect(formatRate(1536)).toBe('1.50 KiB/s')
  expect(formatRate(0.4)).toBe('0 B/s')
  expect(formatRate(124, 'bits')).toBe('992 bit/s')
  expect(formatRate(125, 'bits')).toBe('1.00 kbit/s')
  expect(formatRate(1_250_000, 'bits')).toBe('10.0 Mbit/s')
  expect(formatRate(124_999_999, 'bits')).toBe('1.00 Gbit/s')
})

test('a negative rate, as a restarted daemon may seem to have, is none', () => {
  expect(formatRate(-5)).toBe('0 B/s')
})
