import { expect, it } from 'vitest'
import { RpcError } from '../../../shared/protocol/errors.ts'
import { limits } from '../../../shared/protocol/limits.ts'
import {
  BadRequest,
  errorLine,
  eventLine,
  parseFromDaemon,
  parseRequest,
  requestLine,
  resultLine,
  sharedEvent,
} from '../../../shared/protocol/message.ts'

function refusal(line: string): BadRequest {
  try {
    parseRequest(line)
  } catch (error) {
    if (error instanceof BadRequest) return error
    throw error
  }
  throw new Error('not refused')
}

it.each([
  ['a request', '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[1]}}', { id: 1, method: 'm', params: { a: [1] } }],
  ['no params', '{"jsonrpc":"2.0","id":"x","method":"m"}', { id: 'x', method: 'm', params: {} }],
  ['an empty id', '{"jsonrpc":"2.0","id":"","method":"m"}', { id: '', method: 'm', params: {} }],
  ['a negative id', '{"jsonrpc":"2.0","id":-3,"method":"m"}', { id: -3, method: 'm', params: {} }],
  ['spaces around', ' {"jsonrpc":"2.0","id":1,"method":"m"} ', { id: 1, method: 'm', params: {} }],
])('reads %s', (_, line, request) => expect(parseRequest(line)).toEqual(request))

it.each([
  ['nothing but a space', ' '],
  ['text', 'POST / HTTP/1.1'],
  ['half a message', '{"jsonrpc":"2.0","id":1,"meth'],
  ['two messages in a line', '{"jsonrpc":"2.0","id":1,"method":"m"}{}'],
  ['a byte order mark', '\ufeff{"jsonrpc":"2.0","id":1,"method":"m"}'],
  ['a NUL in a string', '{"jsonrpc":"2.0","id":1,"method":"\0"}'],
  ['NaN', 'NaN'],
])('does not parse %s', (_, line) => expect(refusal(line)).toMatchObject({ kind: 'parse_error', id: null }))

it.each([
  ['null', 'null'],
  ['a number', '42'],
  ['a string', '"m"'],
  ['an empty batch', '[]'],
  ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"m"}]'],
  ['a batch of 20,000', `[${Array(20_000).fill('{}').join()}]`],
  ['a notification', '{"jsonrpc":"2.0","method":"m"}'],
  ['an id of null', '{"jsonrpc":"2.0","id":null,"method":"m"}'],
  ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"m"}'],
  ['an id with a fraction', '{"jsonrpc":"2.0","id":1.5,"method":"m"}'],
  ['an id beyond 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"method":"m"}'],
  ['an infinite id', '{"jsonrpc":"2.0","id":1e400,"method":"m"}'],
  ['an id of a megabyte', `{"jsonrpc":"2.0","id":"${'x'.repeat(1e6)}","method":"m"}`],
])('refuses %s, naming no id', (_, line) => expect(refusal(line)).toMatchObject({ kind: 'invalid_request', id: null }))

it.each([
  ['another version', '{"jsonrpc":"1.0","id":7,"method":"m"}'],
  ['no version', '{"id":7,"method":"m"}'],
  ['a method that is a number', '{"jsonrpc":"2.0","id":7,"method":7}'],
  ['a response', '{"jsonrpc":"2.0","id":7,"result":{}}'],
  ['params in an array', '{"jsonrpc":"2.0","id":7,"method":"m","params":[]}'],
  ['params of null', '{"jsonrpc":"2.0","id":7,"method":"m","params":null}'],
  ['an unknown member', '{"jsonrpc":"2.0","id":7,"method":"m","extra":1}'],
  ['a __proto__ member', '{"jsonrpc":"2.0","id":7,"method":"m","__proto__":{"params":{}}}'],
])('refuses %s, naming the id', (_, line) => expect(refusal(line)).toMatchObject({ kind: 'invalid_request', id: 7 }))

it('takes a __proto__ inside the parameters for a name like any other', () => {
  const { params } = parseRequest('{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":{"admin":true}}}')
  expect(Object.keys(params)).toEqual(['__proto__'])
  expect(params.admin).toBeUndefined()
  expect(({} as Record<string, unknown>).admin).toBeUndefined()
})

it('counts nesting before it parses', () => {
  const nested = (depth: number) => `{"jsonrpc":"2.0","id":1,"method":"m","params":${open(depth)}`
  const open = (depth: number) => `{"a":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}}`
  expect(parseRequest(nested(limits.nesting)).id).toBe(1)
  expect(refusal(nested(limits.nesting + 1)).kind).toBe('invalid_request')
  expect(refusal('['.repeat(400_000)).kind).toBe('invalid_request')
})

it('counts no bracket inside a string', () => {
  const text = `${'[{'.repeat(100)}\\"\\\\`
  expect(parseRequest(`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"${text}"}}`).method).toBe('m')
})

it('reads back what it writes', () => {
  expect(parseRequest(requestLine(3, 'users.list', { limit: 2 }))).toEqual({
    id: 3,
    method: 'users.list',
    params: { limit: 2 },
  })
  expect(parseFromDaemon(resultLine('a', { ok: true }))).toEqual({ type: 'result', id: 'a', result: { ok: true } })
  expect(parseFromDaemon(eventLine('goodbye', { reason: 'x' }))).toEqual({
    type: 'event',
    name: 'goodbye',
    params: { reason: 'x' },
  })
  const error = new RpcError('unsupported_version', 'no', { supported: [[1, 0]] })
  expect(parseFromDaemon(errorLine(null, error))).toEqual({ type: 'error', id: null, error })
  expect(JSON.parse(errorLine(2, error))).toEqual({
    jsonrpc: '2.0',
    id: 2,
    error: { code: -32031, message: 'no', data: { kind: 'unsupported_version', supported: [[1, 0]] } },
  })
})

it('writes one line, whatever is in it', () => {
  const line = eventLine('goodbye', { reason: 'a\nb\r\u2028c' })
  expect(line.indexOf('\n')).toBe(line.length - 1)
})

it('numbers a shared event', () => {
  const event = sharedEvent('connections.changed', { changed: [], moved: [['a', 1, 2]], closed: ['b'] })
  for (const seq of [0, 41]) {
    const params = { seq, changed: [], moved: [['a', 1, 2]], closed: ['b'] }
    expect(parseFromDaemon(event.line(seq))).toEqual({ type: 'event', name: 'connections.changed', params })
  }
})

it('lets later versions say more', () => {
  expect(parseFromDaemon('{"jsonrpc":"2.1","id":1,"result":{},"meta":1}')).toMatchObject({ type: 'result' })
  expect(parseFromDaemon('{"jsonrpc":"2.0","method":"new","params":{},"x":1}')).toMatchObject({ name: 'new' })
  const error = { code: 1, message: 'later', data: { kind: 'teapot', more: 1 } }
  expect(parseFromDaemon(JSON.stringify({ jsonrpc: '2.0', id: 1, error }))).toMatchObject({
    error: { kind: 'internal_error', message: 'later', details: { more: 1 } },
  })
})

it.each(['{}', '[]', 'null', '{"id":1}', '{"method":"m"}', '{"id":{},"result":{}}', '{"id":1,"error":"no"}'])(
  'takes %s from a daemon for none of its messages',
  (line) => expect(() => parseFromDaemon(line)).toThrow(BadRequest),
)

it('counts the values of a request, not the commas in its strings', () => {
  const request = (ids: unknown[]) => JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x', params: { ids } })
  expect(() => parseRequest(request(Array(limits.values - 20).fill(0)))).not.toThrow()
  expect(() => parseRequest(request([','.repeat(10_000)]))).not.toThrow()
  for (const value of [0, [], 'x']) {
    expect(() => parseRequest(request(Array(limits.values).fill(value)))).toThrow(/at most 4096 values/)
  }
  const reply = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { rows: Array(10_000).fill(0) } })
  expect(parseFromDaemon(reply)).toMatchObject({ type: 'result' })
})
