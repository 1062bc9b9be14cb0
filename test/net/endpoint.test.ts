import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseLiteral, unmapped, writeMapped } from '../../daemon/net/address.ts'
import { endpointText } from '../../daemon/net/endpoint.ts'

function written(literal: string): string {
  const bytes = new Uint8Array(18).fill(0xee)
  writeMapped(bytes, 1, unmapped(parseLiteral(literal) ?? new Uint8Array()))
  return endpointText(bytes, 1, 80)
}

// The rules and examples of RFC 5952, sections 4 and 5.
it.each([
  ['127.0.0.1', '127.0.0.1:80'],
  ['0.0.0.0', '0.0.0.0:80'],
  ['255.255.255.255', '255.255.255.255:80'],
  ['::ffff:192.0.2.1', '192.0.2.1:80'],
  ['::', '[::]:80'],
  ['::1', '[::1]:80'],
  ['1::', '[1::]:80'],
  ['2001:0db8::0001', '[2001:db8::1]:80'],
  ['2001:db8:0:0:0:0:2:1', '[2001:db8::2:1]:80'],
  ['2001:db8:0:1:1:1:1:1', '[2001:db8:0:1:1:1:1:1]:80'],
  ['2001:0:0:1:0:0:0:1', '[2001:0:0:1::1]:80'],
  ['2001:db8:0:0:1:0:0:1', '[2001:db8::1:0:0:1]:80'],
  ['0:0:1:1:1:1:0:0', '[::1:1:1:1:0:0]:80'],
  ['2001:DB8:AAAA::', '[2001:db8:aaaa::]:80'],
  ['::192.0.2.1', '[::c000:201]:80'],
])('writes %s as %s', (literal, text) => {
  expect(written(literal)).toBe(text)
})

it('writes any address so that it reads back the same', () => {
  fc.assert(
    fc.property(fc.ipV6(), (literal) => {
      const text = written(literal)
      const inner = text.startsWith('[')
        ? text.slice(1, text.lastIndexOf(']'))
        : `::ffff:${text.slice(0, text.lastIndexOf(':'))}`
      expect(isIPv6(inner)).toBe(true)
      expect(parseLiteral(inner)).toEqual(parseLiteral(literal))
    }),
  )
})
