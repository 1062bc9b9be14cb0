import { expect, it } from 'vitest'
import { AnswerHead } from '../../daemon/http/answer-head.ts'

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

/** What goes on of an answer, which comes whole and a byte at a time. */
function passed(said: string): string {
  const bytes = Buffer.from(said, 'latin1')
  const whole = new AnswerHead()
  const told = latin1(whole.edit(bytes)) + latin1(whole.end())
  const slow = new AnswerHead()
  const pieces = [...bytes].map((octet) => latin1(slow.edit(Uint8Array.of(octet))))
  expect(pieces.join('') + latin1(slow.end())).toBe(told)
  return told
}

it.each([
  ['HTTP/1.1 200 OK\r\n\r\nbody', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody'],
  ['HTTP/1.1 204\r\nA: b\r\n\r\n', 'HTTP/1.1 204\r\nA: b\r\nConnection: close\r\n\r\n'],
  // To HEAD, as to anything.
  ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n'],
  ['HTTP/1.0 304 x\r\nConnection: Keep-Alive\r\n\r\n', 'HTTP/1.0 304 x\r\nConnection: close\r\n\r\n'],
  [
    'HTTP/1.1 407 x\r\nkeep-alive: timeout=5\r\nPROXY-CONNECTION: keep-alive\r\nProxy-Authenticate: Basic\r\nUpgrade: h2\r\nA: \xe9\r\n\r\n',
    'HTTP/1.1 407 x\r\nA: \xe9\r\nConnection: close\r\n\r\n',
  ],
  // What it names is for the proxy alone, but for what the message would be another without.
  [
    'HTTP/1.1 200 x\r\nConnection: X, Transfer-Encoding,\r\n\tY\r\nx: 1\r\nY : 2\r\n 3\r\nZ: 4\r\n 5\r\nTransfer-Encoding: chunked\r\n\r\n0',
    'HTTP/1.1 200 x\r\nZ: 4\r\n 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0',
  ],
  ['HTTP/1.1 200 OK\nA: b\n\nbody\n\n', 'HTTP/1.1 200 OK\nA: b\nConnection: close\n\nbody\n\n'],
  [
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  ],
])('an answer tells that the connection ends, and nothing else that was not there: %j', (said, told) => {
  expect(passed(said)).toBe(told)
})

it.each([
  '',
  'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  'ICY 200 OK\r\nA: b\r\n\r\nbody',
  '<html>\n\n',
  '\r\nHTTP/1.1 200 OK\r\n\r\n',
  'HTTP/2.0 200 OK\r\n\r\n',
  'HTTP/1.1 2000\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA: b\r\n',
  `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(70_000)}\r\n\r\n`,
])('what has no head that we can read, or is to go on as it is, does: %.60j', (said) => {
  expect(passed(said)).toBe(said)
})

it('nothing is waited for that a head cannot begin with, and of many interim answers not the last', () => {
  const [other, many] = [new AnswerHead(), new AnswerHead()]
  expect([latin1(other.edit(Buffer.from('HTTP/0'))), other.isOver]).toEqual(['HTTP/0', true])
  const interim = 'HTTP/1.1 102 x\r\n\r\n'.repeat(40)
  expect([latin1(many.edit(Buffer.from(interim))), many.isOver, many.held]).toEqual([interim, true, 0])
})
