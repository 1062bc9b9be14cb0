import fc from 'fast-check'
import { expect, it } from 'vitest'
import { byCodePoint } from '../../daemon/access/code-point-order.ts'

it('is the order of UTF-8 bytes', () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom('a', 'b', '\ud7ff', '\ue000', '\uffff', '😀'), fc.nat(0x10ffff).map(wellFormed)),
  })
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(byCodePoint(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
})

function wellFormed(codePoint: number): string {
  return String.fromCodePoint(codePoint).toWellFormed()
}
