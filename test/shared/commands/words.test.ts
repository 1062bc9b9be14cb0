import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UsageError } from '../../../shared/commands/usage.ts'
import { splitCommands } from '../../../shared/commands/words.ts'

function texts(line: string): string[][] {
  return splitCommands(line).map((words) => words.map(({ text }) => text))
}

test.each([
  ['', []],
  [' \t ; ;; ', []],
  ['users', [['users']]],
  ['  adduser   bob ', [['adduser', 'bob']]],
  ['adduser bob; deluser eve;users', [['adduser', 'bob'], ['deluser', 'eve'], ['users']]],
  ['users\nstats\r\n', [['users'], ['stats']]],
  [`deluser 'a; "b"\\'`, [['deluser', 'a; "b"\\']]],
  ['deluser "a; \'b\'"', [['deluser', "a; 'b'"]]],
  ['deluser "a \\"b\\" \\\\ \\n"', [['deluser', 'a "b" \\ \\n']]],
  ['deluser a\\ b\\;c', [['deluser', 'a b;c']]],
  [`deluser a'b'"c"\\d`, [['deluser', 'abcd']]],
  [`deluser ''`, [['deluser', '']]],
  ['deluser "two\nlines"', [['deluser', 'two\nlines']]],
  ['raw users.list {"limit": 5}; users', [['raw', 'users.list', '{"limit": 5}'], ['users']]],
  ['raw x {"a":{"b":"};\\"{"}}', [['raw', 'x', '{"a":{"b":"};\\"{"}}']]],
  [`raw x '{"a":1}'`, [['raw', 'x', '{"a":1}']]],
  ['deluser a{b}', [['deluser', 'a{b}']]],
  ['deluser 日本 😀', [['deluser', '日本', '😀']]],
])('splits %j', (line, commands) => {
  expect(texts(line)).toEqual(commands)
})

test('says where each word begins', () => {
  expect(splitCommands('a  "b" ;c')).toEqual([
    [
      { text: 'a', position: 0 },
      { text: 'b', position: 3 },
    ],
    [{ text: 'c', position: 8 }],
  ])
})

test.each([
  [`users; deluser 'bob`, `unclosed '`, 15],
  ['deluser bo"b', 'unclosed "', 10],
  ['deluser "b\\"', 'unclosed "', 8],
  ['deluser bob\\', 'nothing follows the backslash', 11],
  ['raw x {"a":{}', 'unclosed {', 6],
  ['raw x {"}', 'unclosed {', 6],
])('refuses %j, and says where and why', (line, message, position) => {
  expect(() => splitCommands(line)).toThrow(expect.objectContaining({ message, position }))
})

test('any word survives quoting, either way', () => {
  const line = fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }))
  const single = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
  const double = (word: string) => `"${word.replace(/["\\]/g, '\\$&')}"`
  fc.assert(
    fc.property(line, fc.constantFrom(single, double), (commands, quote) => {
      expect(texts(commands.map((words) => words.map(quote).join(' ')).join(';'))).toEqual(commands)
    }),
  )
})

test('any line is split or refused, nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '"', "'", '\\', '{', '}', ';', ' ', '\n') }), (line) => {
      try {
        splitCommands(line)
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError)
      }
    }),
  )
})
