import { expect, it } from 'vitest'
import { AnswerHead } from '../../daemon/http/answer-head.ts'

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

/** The head of our own in front of what is no answer. */
const noAnswer =
  'HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nProxy-Status: proxyd; error=http_protocol_error\r\n' +
  'Content-Type: text/plain\r\n\r\nwhat the server says is no answer of HTTP/1.1:\n'

/** What goes on of an answer, which comes whole and a byte at a time. */
function passed(said: string, maySwitch = false): string {
  const bytes = Buffer.from(said, 'latin1')
  const whole = new AnswerHead(maySwitch)
  const told = latin1(whole.edit(bytes)) + latin1(whole.end())
  const slow = new AnswerHead(maySwitch)
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
  // There are clients that take an interim answer for the answer, and what follows for that to their next request.
  [
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  ],
])('an answer tells that the connection ends, and nothing else that was not there: %j', (said, told) => {
  expect(passed(said)).toBe(told)
})

it('an answer that switches protocols goes on as it is where that was asked for', () => {
  const said = 'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'
  expect(passed(said, true)).toBe(said)
  expect(passed(said)).toBe(noAnswer + said)
})

it.each([
  'ICY 200 OK\r\nA: b\r\n\r\nbody',
  '<html>\n\n',
  '\r\nHTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n',
  'HTTP/2.0 200 OK\r\n\r\n',
  'HTTP/1.1 2000\r\n\r\n',
  'HTTP/1.1 99\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA: b\r\n',
  `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(70_000)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\n${'a:\r\n'.repeat(511)}\r\n`,
  `HTTP/1.1 200 OK\r\n${'Connection: a,b\r\n'.repeat(128)}connection:\r\n\r\n`,
])('what has no head that we can read is the body of an answer that has: %.60j', (said) => {
  expect(passed(said)).toBe(noAnswer + said)
})

it('a head may have 512 lines', () => {
  const [interim, fields] = ['HTTP/1.1 100 x\r\n\r\n', 'a:\r\n'.repeat(510)]
  expect(passed(`${interim}HTTP/1.1 200 OK\r\n${fields}\r\n`)).toBe(
    `${interim}HTTP/1.1 200 OK\r\n${fields}Connection: close\r\n\r\n`,
  )
})

it('nothing is nothing, and is not waited for once a head cannot begin so', () => {
  expect(passed('')).toBe('')
  const other = new AnswerHead(false)
  expect([latin1(other.edit(Buffer.from('HTTP/0'))), other.isOver]).toEqual([`${noAnswer}HTTP/0`, true])
})

it('of many interim answers the last are none', () => {
  const [interim, answer] = ['HTTP/1.1 100 x\r\n\r\n', 'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n']
  const many = new AnswerHead(false)
  const told = latin1(many.edit(Buffer.from(interim.repeat(17) + answer)))
  expect(told).toBe(interim.repeat(16) + noAnswer + interim + answer)
  expect([many.isOver, many.held]).toEqual([true, 0])
})
