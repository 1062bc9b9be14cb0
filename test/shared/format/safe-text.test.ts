import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeJson, safeText } from '../../../shared/format/safe-text.ts'

const anyText = fc.string({ unit: 'binary' })
/** Control, format and surrogate characters, and the separators that end a line. */
const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u

test.each([
  ['plain, ünïcode, 日本語, 😀', 'plain, ünïcode, 日本語, 😀'],
  ['\u001b[2J', '␛[2J'],
  ['a\nb\tc\0', 'a␊b␉c␀'],
  ['\u007f', '␡'],
  ['\u009b31m', '�31m'],
  ['\u202eevil\u202c', '�evil�'],
  ['\u2066x\u2069', '�x�'],
  ['a\u200bb\ufeff', 'a�b�'],
  ['\u{e0041}', '�'],
  ['\ud800', '�'],
  ['a\u2028b', 'a�b'],
])('%j is shown as %s', (outside, shown) => {
  expect(safeText(outside)).toBe(shown)
})

test('nothing dangerous is left of any text, and what is safe stays', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(safeText(text)).not.toMatch(dangerous)
      expect(Array.from(safeText(text))).toHaveLength(Array.from(text).length)
      if (!dangerous.test(text)) expect(safeText(text)).toBe(text)
    }),
  )
})

test('JSON is safe to look at and still says the same', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), (value) => {
      const json = safeJson(value)
      expect(json).not.toMatch(dangerous)
      expect(JSON.parse(json)).toEqual(value)
    }),
  )
  expect(safeJson('\u202e\u{e0041}\u009b')).toBe('"\\u202e\\udb40\\udc41\\u009b"')
})
