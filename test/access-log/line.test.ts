import fc from 'fast-check'
import { expect, it } from 'vitest'
import { entryOf, lineOf } from '../../daemon/access-log/line.ts'
import type { AccessEntry } from '../../shared/protocol/methods.ts'
import { accessEntryOf } from './entries.ts'

it('writes an entry as a JSON object that parses to the same, with a time that people can read', () => {
  const entry = accessEntryOf({ user: 'bob "the\u2028\u202e"', rule: 16 })
  const line = lineOf.json(entry)
  expect(line).toMatch(/^[ -~]+\n$/)
  expect(line.startsWith('{"ts":"2026-01-01T00:01:01.730Z","event":"end",')).toBe(true)
  expect(JSON.parse(line)).toEqual({ ...entry, ts: '2026-01-01T00:01:01.730Z' })
})

it('writes an entry for people', () => {
  const entry = accessEntryOf({ user: 'bob', name: null })
  expect(lineOf.text(entry)).toBe(
    '2026-01-01T00:01:01.730Z end id=k3fq-17 user=bob source=127.0.0.1:42084 cmd=connect name=- address=192.0.2.1 port=443 ' +
      'up=2210 down=184320 duration=212 connect_ms=31 result=ok reason=finished loop=0\n',
  )
})

it.each<[AccessEntry['user'], string]>([
  [null, '-'],
  ['-', '"-"'],
  ['', '""'],
  ['a b', '"a b"'],
  ['a=b', 'a=b'],
  ['a"b', '"a\\"b"'],
  ['jürgen', '"jürgen"'],
  ['x\u202ey', '"x\\u202ey"'],
])('writes the name %j so that it is taken for nothing else: %s', (user, word) => {
  expect(lineOf.text(accessEntryOf({ user }))).toContain(` user=${word} source=`)
})

it('writes how many are missing', () => {
  const loss = { ts: 1767225661730, event: 'dropped', count: 12 } as const
  expect(lineOf.json(loss)).toBe('{"ts":"2026-01-01T00:01:01.730Z","event":"dropped","count":12}\n')
  expect(lineOf.text(loss)).toBe('2026-01-01T00:01:01.730Z dropped count=12\n')
})

const entries = fc.record({
  user: fc.option(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 })),
  name: fc.option(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 20 })),
  source: fc.constantFrom(null, '127.0.0.1:42084', '192.0.2.0/24', '[2001:db8::1]:80'),
  cmd: fc.constantFrom(null, 'connect', 'udp-associate'),
  up: fc.nat(),
  connect_ms: fc.option(fc.nat()),
  reason: fc.constantFrom(null, 'finished', 'limit_user'),
  port: fc.option(fc.nat(65_535)),
})

it('reads what it has written, in either form', () => {
  fc.assert(
    fc.property(entries, fc.constantFrom('json', 'text'), fc.boolean(), (fields, format, isRuled) => {
      const entry = accessEntryOf({ ...fields, ...(isRuled && { rule: 16, paced_ms: 7 }) } as Partial<AccessEntry>)
      expect(entryOf(lineOf[format](entry))).toEqual(entry)
    }),
  )
})

it.each([
  '',
  'x',
  '{',
  '{}',
  '{"ts":"never","id":"a"}',
  '{"ts":"2026-01-01T00:01:01.730Z","event":"dropped","count":1}',
  'a b c=d',
  '2026-01-01T00:01:01.730Z end id=a up=many',
  '2026-01-01T00:01:01.730Z dropped count=12',
])('finds no entry in the line %j', (line) => expect(entryOf(line)).toBeUndefined())

it.each(['json', 'text'] as const)('finds no entry in what a full disk has left of a line: %s', (format) => {
  const line = lineOf[format](accessEntryOf())
  for (let end = 0; end < line.length - 1; end++) expect([end, entryOf(line.slice(0, end))]).toEqual([end, undefined])
})
