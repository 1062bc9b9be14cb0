import { expect, it } from 'vitest'
import { RequestBody } from '../../daemon/http/request-body.ts'
import { bytes } from '../helpers/bytes.ts'

/** How many bytes of a text are of the body, whole and a byte at a time. */
function passedOf(length: number | undefined, text: string): number {
  const whole = new RequestBody(length)
  const passed = whole.pass(bytes(text))
  const single = new RequestBody(length)
  let count = 0
  while (count < text.length && single.pass(bytes(text[count] ?? '')) === 1) count++
  expect(count).toBe(passed)
  expect(single.left).toBe(whole.left)
  return passed
}

const next = 'GET http://b/ HTTP/1.1\r\n\r\n'

it.each([0, 1, 5])('of %i bytes ends behind them', (length) => {
  expect(passedOf(length, next)).toBe(length)
})

it.each([
  '0\r\n\r\n',
  '3\r\nabc\r\n0\r\n\r\n',
  'A\r\n0123456789\r\n1\r\n\n\r\n000\r\n\r\n',
  '3;a=b\r\nabc\r\n0 ;x\r\nTrailer: a\r\nB: c\r\n\r\n',
])('in chunks ends behind the last one: %j', (body) => {
  expect(passedOf(undefined, body + next)).toBe(body.length)
})

it.each([
  ['', 'G'],
  ['', '\r\n0\r\n\r\n'],
  ['3', '\n'],
  ['3\r', 'a'],
  ['3\r\nabc', 'd'],
  ['3\r\nabc\r', '0'],
  ['3\r\nabc', '\n'],
  ['0\r\nA: b', '\n'],
  ['0'.repeat(15), '0'],
  ['', '-1\r\n'],
  ['', '0x1\r\n'.slice(1)],
  [`1;${'a'.repeat(4094)}`, 'a'],
])('in chunks goes no further than it makes sense: %j, not %j', (good, bad) => {
  expect(passedOf(undefined, good + bad)).toBe(good.length)
})

it('may come once more as far as it has come', () => {
  const body = new RequestBody(3)
  expect(body.pass(bytes('a'))).toBe(1)
  body.expectAgain(10)
  expect(body.pass(bytes('head of.'))).toBe(8)
  expect(body.pass(bytes('\na'))).toBe(2)
  expect(body.pass(bytes('bcd'))).toBe(2)
  expect(body.left).toBe(0)
})

it.each([5, undefined])('has one empty line behind it left out, and no more: of %s bytes', (length) => {
  const text = length === undefined ? '5\r\nabcde\r\n0\r\n\r\n' : 'abcde'
  const begin = (said: string) => {
    const body = new RequestBody(length)
    body.pass(bytes(said))
    return body
  }
  for (const pieces of [['\r\n'], ['\r', '\n']]) {
    const body = begin(text)
    expect(pieces.map((piece) => body.ignores(bytes(piece)))).toEqual(pieces.map(() => true))
    expect(body.ignores(bytes('\r'))).toBe(false)
  }
  for (const other of ['\n', '\r\r', '\r\n\r', 'G', '\r\nG']) expect(begin(text).ignores(bytes(other))).toBe(false)
  expect(begin(text.slice(0, -1)).ignores(bytes('\r\n'))).toBe(false)
  if (length === undefined) expect(begin('x').ignores(bytes('\r\n'))).toBe(false)
})
