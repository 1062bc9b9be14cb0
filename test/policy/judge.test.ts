import { describe, expect, it } from 'vitest'
import { type Address, formatAddress, parseAddress } from '../../daemon/net/address.ts'
import { destinationOf } from '../../daemon/net/destination.ts'
import { Judge } from '../../daemon/policy/judge.ts'
import { OwnSockets } from '../../daemon/policy/own-sockets.ts'
import { BuiltIn, firstRulePlace, RuleSet, type Subject } from '../../daemon/policy/rule-set.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { ruleMemory } from '../helpers/rules.ts'

const lan = ['192.0.2.2', 'fd00::2', 'fe80::1']
const isOurs = ({ bytes }: Address) => lan.includes(formatAddress(bytes))

function address(literal: string): Address {
  const parsed = parseAddress(literal)
  if (!parsed) throw new Error(`${literal} is no address`)
  return parsed
}

describe('own sockets', () => {
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
    ['192.0.2.2', '64:ff9b::192.0.2.2', false],
    ['192.0.2.2', '64:ff9b::192.0.2.3', true],
    ['0.0.0.0', '2002:c000:202::1', false],
    ['0.0.0.0', 'fd00::9:0:5efe:192.0.2.2', false],
    ['127.0.0.1', '::ffff:0:127.0.0.1', false],
  ])('where proxyd listens on %s: whoever is led to %s at that port comes elsewhere: %s', (listening, to, expected) => {
    expect(new OwnSockets([{ address: listening, port: 1080 }], isOurs).has(address(to), 1080)).toBe(!expected)
  })

  it('asks whose an address is only at a port of its own, on a wildcard address', () => {
    const asked = () => expect.unreachable()
    const own = [
      { address: '0.0.0.0', port: 1080 },
      { address: '192.0.2.2', port: 1081 },
    ]
    const sockets = new OwnSockets(own, asked)
    expect(sockets.has(address('192.0.2.2'), 80)).toBe(false)
    expect(sockets.has(address('192.0.2.3'), 1081)).toBe(false)
    expect(sockets.has(address('fd00::2'), 1080)).toBe(false)
  })
})

const stranger: Subject = { user: 0, group: 0, source: address('192.0.2.9').bytes, command: Command.connect }

function judge(text: string): Judge {
  return new Judge(new OwnSockets([{ address: '127.0.0.1', port: 1080 }], isOurs), new RuleSet(ruleMemory(text).rules))
}

const first = firstRulePlace
const everything = 'allow to 0.0.0.0/0,::/0'

describe('a judge', () => {
  it.each([
    ['connect', everything, '127.0.0.1', -BuiltIn.ownSockets],
    ['bind', everything, '127.0.0.1', -BuiltIn.ownSockets],
    ['udpAssociate', everything, '127.0.0.1', BuiltIn.none],
    ['connect', everything, 'localhost', BuiltIn.none],
    ['connect', everything, '10.0.0.1', first],
    ['connect', '', '10.0.0.1', -BuiltIn.special],
    ['connect', '', '0.0.0.0', -BuiltIn.ownSockets],
    ['bind', '', '0.0.0.0', BuiltIn.none],
    ['bind', 'deny cmd bind', '0.0.0.0', -first],
    ['bind', 'deny cmd bind', 'localhost', -first],
    ['bind', 'deny cmd connect', 'localhost', BuiltIn.none],
    ['udpAssociate', '', '10.0.0.1', BuiltIn.none],
    ['udpAssociate', 'deny to any', '0.0.0.0', -first],
    ['udpAssociate', 'deny port 1080', '0.0.0.0', BuiltIn.none],
    ['udpAssociate', 'allow to a.example port 53\ndeny to any', '0.0.0.0', BuiltIn.none],
    ['udpAssociate', 'allow to a.example cmd connect\ndeny to any', '0.0.0.0', -(first + 1)],
  ] as const)('of a request to %s by the rules %j to %s at port 1080 decides %s', (command, text, host, decision) => {
    const subject = { ...stranger, command: Command[command] }
    expect(judge(text).admit(subject, destinationOf(host, 1080))).toBe(decision)
  })

  it('leads a forward everywhere but to its own sockets', () => {
    expect(judge('deny to any').admit(undefined, destinationOf('10.0.0.1', 80))).toBe(BuiltIn.none)
    expect(judge('').judge(undefined, 'own.example', address('127.0.0.1'), 1080)).toBe(-BuiltIn.ownSockets)
  })

  it('judges a wildcard address as the loopback that it leads to', () => {
    const local = { ...stranger, source: address('127.0.0.1').bytes }
    const set = judge('deny to 127.0.0.0/8,::1')
    expect(set.judge(local, undefined, address('0.0.0.0'), 80)).toBe(-first)
    expect(set.judge(local, undefined, address('::'), 80)).toBe(-first)
  })
})
