import { expect, it } from 'vitest'
import type { Terms } from '../../daemon/socks/conversation.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { granted4, Socks4 } from '../../daemon/socks/socks4.ts'
import { bytes, type Part } from '../helpers/bytes.ts'
import { negotiate } from './negotiate.ts'

const begin = (terms: Terms) => new Socks4(terms)
const both = [Command.connect, Command.bind]
const rejected = `005b${'00'.repeat(6)}`
const to = bytes(0, 80, 127, 0, 0, 1)
/** A destination that has a name: port 80 of 0.0.0.1. */
const named = bytes(0, 80, 0, 0, 0, 1)
const long = 'x'.repeat(255)

function hear(said: readonly Part[], passwordRequired = false, commands: readonly Command[] = both): string {
  const input = bytes(...said)
  const whole = negotiate([input], passwordRequired, commands, begin)
  const single = Array.from(input, (octet) => bytes(octet))
  expect(negotiate(single, passwordRequired, commands, begin)).toEqual(whole)
  return [whole.replies, whole.step, whole.rest].filter((part) => part !== '').join(' | ')
}

it.each<[string, readonly Part[], string]>([
  ['an address', [4, 1, to, 0], '7f000001 80'],
  ['a user', [4, 1, to, 'alice', 0, 'hi'], '7f000001 80 | 6869'],
  ['BIND', [4, 2, to, 0], 'bind 7f000001 80'],
  ['BIND for anybody', [4, 2, 0, 0, 0, 0, 0, 0, 0], 'bind 00000000 0'],
  ['a name', [4, 1, named, 0, 'One.test', 0, 'hi'], 'name one.test 80 | 6869'],
  ['a literal for a name', [4, 1, named, 0, '::1', 0], `${'0'.repeat(31)}1 80`],
  ['the longest texts', [4, 1, named, long, 0, long, 0], `name ${long} 80`],
  ['a user without an end', [4, 1, to, long], 'more'],
])('understands %s', (_, said, outcome) => expect(hear(said)).toBe(outcome))

it.each<[string, readonly Part[], string]>([
  ['a third command', [4, 3], 'unsupported'],
  ['port 0', [4, 1, 0, 0, 127, 0, 0, 1, 0], 'malformed'],
  ['a user that is too long', [4, 1, to, long, 'x'], 'malformed'],
  ['a name that is too long', [4, 1, named, 0, long, 'x'], 'malformed'],
  ['an empty name', [4, 1, named, 0, 0], 'malformed'],
  ['no name', [4, 1, named, 0, 'one test', 0], 'malformed'],
])('rejects %s', (_, said, why) => expect(hear(said)).toBe(`${rejected} | ${why}`))

it('rejects everybody where a password is required', () => {
  expect(hear([4, 1, to, 'alice', 0], true)).toBe(`${rejected} | denied`)
})

it('rejects a command that the settings leave out', () => {
  expect(hear([4, 2, to, 0], false, [Command.connect])).toBe(`${rejected} | unsupported`)
})

it('tells where the destination was reached from, as far as it can', () => {
  expect(granted4({ bytes: bytes(127, 0, 0, 1), port: 258 })).toEqual(bytes(0, 90, 1, 2, 127, 0, 0, 1))
  expect(granted4({ bytes: new Uint8Array(16).fill(1), port: 258 })).toEqual(bytes(0, 90, 1, 2, 0, 0, 0, 0))
})
