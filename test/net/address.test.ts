import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatAddress,
  isLoopbackLiteral,
  parseAddress,
  parseLiteral,
  sourceOf,
  unmapped,
} from '../../daemon/net/address.ts'
import { destinationOf } from '../../daemon/net/destination.ts'
import { bytes } from '../helpers/bytes.ts'

const zeros = (count: number) => bytes(...Array(count).fill(0))

describe('parseLiteral', () => {
  it.each([
    ['127.0.0.1', bytes(127, 0, 0, 1)],
    ['255.255.255.255', bytes(255, 255, 255, 255)],
    ['::', zeros(16)],
    ['::1', bytes(zeros(15), 1)],
    ['1::', bytes(0, 1, zeros(14))],
    ['2001:DB8::a:0', bytes(0x20, 1, 0xd, 0xb8, zeros(8), 0, 0xa, 0, 0)],
    ['1:2:3:4:5:6:7:8', bytes(0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8)],
    ['1:2:3:4:5:6:7::', bytes(0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0)],
    ['::ffff:10.0.0.1', bytes(zeros(10), 0xff, 0xff, 10, 0, 0, 1)],
    ['64:ff9b::192.0.2.33', bytes(0, 0x64, 0xff, 0x9b, zeros(8), 192, 0, 2, 33)],
  ])('reads %s', (text, address) => {
    expect(parseLiteral(text)).toEqual(address)
  })

  it.each(
    [
      ['', '1.2.3', '1.2.3.', '.1.2.3', '1.2.3.4.', '1.2.3.4.5', '1..2.3', '1.2.3.256', '1.2.3.1000'],
      ['01.2.3.4', '1.2.3.00', '0x7f.0.0.1', '1.2.3.4 ', '+1.2.3.4', '1.2.3.٤', 'localhost'],
      [
        ':',
        ':::',
        '1::2::3',
        '1:2:3:4:5:6:7',
        '1:2:3:4:5:6:7:8:9',
        '1:2:3:4::5:6:7:8',
        '12345::',
        'g::',
        ':1::2',
        '1::2:',
      ],
      ['::1.2.3', '1.2.3.4::', '::1.2.3.4:5', '1:2:3:4:5:6:7:1.2.3.4', '[::1]', 'fe80::1%lo', '::1\n'],
    ].flat(),
  )('refuses %j', (text) => {
    expect(parseLiteral(text)).toBeUndefined()
  })

  it('agrees with the system on what a literal is', () => {
    const nearly = fc.string({ unit: fc.constantFrom(...':::..019af'), maxLength: 20 })
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearly), (text) => {
        expect(parseLiteral(text)?.length).toBe(isIPv4(text) ? 4 : isIPv6(text) ? 16 : undefined)
      }),
      { numRuns: 3000 },
    )
  })

  it('agrees with the system on what an IPv6 literal means', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const groups =
          Buffer.from(parseLiteral(text) ?? [])
            .toString('hex')
            .match(/.{4}/g)
            ?.join(':') ?? ''
        const canonical = (address: string) => new SocketAddress({ address, family: 'ipv6' }).address
        expect(canonical(groups)).toBe(canonical(text))
      }),
    )
  })
})

describe('unmapped', () => {
  it('takes the IPv4 address out of a v4-mapped one and leaves others', () => {
    expect(unmapped(bytes(zeros(10), 0xff, 0xff, 1, 2, 3, 4))).toEqual(bytes(1, 2, 3, 4))
    expect(unmapped(bytes(zeros(12), 1, 2, 3, 4))).toEqual(bytes(zeros(12), 1, 2, 3, 4))
    expect(unmapped(bytes(1, 2, 3, 4))).toEqual(bytes(1, 2, 3, 4))
  })
})

describe('parseAddress', () => {
  const indexOf = (zone: string) => (zone === 'lo' ? 1 : 0)
  const linkLocal = bytes(0xfe, 0x80, zeros(13), 1)

  it.each([
    ['192.0.2.1', bytes(192, 0, 2, 1), 0],
    ['::ffff:192.0.2.1', bytes(192, 0, 2, 1), 0],
    ['fe80::1', linkLocal, 0],
    ['fe80::1%lo', linkLocal, 1],
    ['fe80::1%12', linkLocal, 12],
    ['fe80::1%gone', linkLocal, 0],
  ])('reads %s', (text, address, scope) => {
    expect(parseAddress(text, indexOf)).toEqual({ bytes: address, scope })
  })

  it.each(['192.0.2.1%lo', 'fe80::1%', '%lo', 'host%lo', ''])('refuses %j', (text) => {
    expect(parseAddress(text, indexOf)).toBeUndefined()
  })

  it('reads back what formatAddress writes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = parseAddress(text)
        expect(parseAddress(formatAddress(address?.bytes ?? zeros(0)))).toEqual(address)
      }),
    )
  })
})

it.each([
  ['127.0.0.1', true],
  ['127.255.255.254', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::2', false],
  ['localhost', false],
])('%s: loopback %s', (text, expected) => {
  expect(isLoopbackLiteral(text)).toBe(expected)
})

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['::1', '::'],
])('%s comes from %s', (text, source) => {
  expect(sourceOf(parseLiteral(text) ?? zeros(0))).toBe(source)
})

it.each([
  ['192.0.2.1', { kind: 'address', bytes: bytes(192, 0, 2, 1), scope: 0, port: 80 }],
  ['example.com', { kind: 'name', name: 'example.com', port: 80 }],
  ['Example.COM.', { kind: 'name', name: 'example.com', port: 80 }],
  ['192.0.2.1.', { kind: 'address', bytes: bytes(192, 0, 2, 1), scope: 0, port: 80 }],
  ['fe80::1%Lo', { kind: 'name', name: 'fe80::1%Lo', port: 80 }],
])('a destination %s', (host, destination) => {
  expect(destinationOf(host, 80)).toEqual(destination)
})
