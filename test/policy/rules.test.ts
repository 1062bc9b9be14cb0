import { describe, expect, it } from 'vitest'
import { type Address, formatAddress, parseAddress } from '../../daemon/net/address.ts'
import { destinationOf } from '../../daemon/net/destination.ts'
import { Rules } from '../../daemon/policy/rules.ts'
import { Command } from '../../daemon/socks/messages.ts'

const lan = ['192.0.2.2', 'fd00::2', 'fe80::1']
const isOurs = ({ bytes }: Address) => lan.includes(formatAddress(bytes))

function address(literal: string): Address {
  const parsed = parseAddress(literal)
  if (!parsed) throw new Error(`${literal} is no address`)
  return parsed
}

describe('the judgement of an address', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', false],
    ['127.0.0.1', '::ffff:127.0.0.1', false],
    ['127.0.0.1', '0.0.0.0', false],
    ['127.0.0.1', '::', false],
    ['127.0.0.1', '127.0.0.2', true],
    ['127.0.0.1', '::1', true],
    ['127.0.0.1', '192.0.2.2', true],
    ['192.0.2.2', '192.0.2.2', false],
    ['0.0.0.0', '127.9.9.9', false],
    ['0.0.0.0', '192.0.2.2', false],
    ['0.0.0.0', '192.0.2.3', true],
    ['0.0.0.0', 'fd00::2', true],
    ['::', '::1', false],
    ['::', 'fd00::2', false],
    ['::', 'fe80::1%2', false],
    ['::', '192.0.2.2', true],
    ['::', 'fd00::3', true],
  ])('where proxyd listens on %s: a client may be led to %s at that port: %s', (listening, to, expected) => {
    expect(new Rules([{ address: listening, port: 1080 }], isOurs).judge(address(to), 1080)).toBe(expected)
  })

  it('asks whose an address is only at a port of its own, on a wildcard address', () => {
    const asked = () => expect.unreachable()
    const own = [
      { address: '0.0.0.0', port: 1080 },
      { address: '192.0.2.2', port: 1081 },
    ]
    const rules = new Rules(own, asked)
    expect(rules.judge(address('192.0.2.2'), 80)).toBe(true)
    expect(rules.judge(address('192.0.2.3'), 1081)).toBe(true)
    expect(rules.judge(address('fd00::2'), 1080)).toBe(true)
  })
})

it.each([
  ['connect', '127.0.0.1', false],
  ['bind', '127.0.0.1', false],
  ['udpAssociate', '127.0.0.1', true],
  ['connect', 'localhost', true],
] as const)('a request to %s %s is admitted: %s', (command, host, expected) => {
  const rules = new Rules([{ address: '127.0.0.1', port: 1080 }], isOurs)
  expect(rules.admit(Command[command], destinationOf(host, 1080))).toBe(expected)
})
