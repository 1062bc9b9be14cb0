import { describe, expect, it } from 'vitest'
import { longestHeader, parseDatagram, writeHeader } from '../../daemon/socks/datagram.ts'
import { bytes } from '../helpers/bytes.ts'

const payload = bytes('payload')
const ipv4 = bytes(1, 192, 0, 2, 7, 0x12, 0x34)
const ipv6Address = bytes(0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 9)
const mapped = bytes(...Array(10).fill(0), 0xff, 0xff, 192, 0, 2, 7)
const toIpv4 = { kind: 'address', bytes: bytes(192, 0, 2, 7), scope: 0, port: 0x1234 }

function named(name: string): Uint8Array {
  return bytes(3, name.length, name, 0x12, 0x34)
}

describe('parseDatagram', () => {
  it.each([
    ['an IPv4 address', ipv4, toIpv4],
    ['an IPv6 address', bytes(4, ipv6Address, 0, 53), { kind: 'address', bytes: ipv6Address, scope: 0, port: 53 }],
    ['a v4-mapped address, which is IPv4', bytes(4, mapped, 0x12, 0x34), toIpv4],
    ['a name', named('host.test'), { kind: 'name', name: 'host.test', port: 0x1234 }],
    ['a name that is a literal', named('192.0.2.7'), toIpv4],
    [
      'a name that is an IPv6 literal',
      named('2001:db8::9'),
      { kind: 'address', bytes: ipv6Address, scope: 0, port: 0x1234 },
    ],
  ])('reads %s', (_, header, destination) => {
    const start = 3 + header.length
    expect(parseDatagram(bytes(0, 0, 0, header, payload))).toEqual({ destination, payload: start })
    expect(parseDatagram(bytes(0, 0, 0, header))).toEqual({ destination, payload: start })
  })

  it('does not look at RSV', () => {
    expect(parseDatagram(bytes(7, 9, 0, ipv4))).toEqual({ destination: toIpv4, payload: 10 })
  })

  it('drops whatever is cut short', () => {
    for (const header of [ipv4, bytes(4, ipv6Address, 0, 53), named('host.test')])
      for (let length = 0; length < header.length + 3; length++)
        expect(parseDatagram(bytes(0, 0, 0, header).subarray(0, length))).toBeUndefined()
  })

  it.each([
    ['a fragment', bytes(0, 0, 1, ipv4)],
    ['the last fragment', bytes(0, 0, 0x81, ipv4)],
    ['ATYP 0', bytes(0, 0, 0, 0, 127, 0, 0, 1, 0, 80)],
    ['ATYP 9', bytes(0, 0, 0, 9, 127, 0, 0, 1, 0, 80)],
    ['port 0', bytes(0, 0, 0, 1, 127, 0, 0, 1, 0, 0)],
    ['a name of length 0', bytes(0, 0, 0, 3, 0, 0, 80)],
    ['a name with a NUL', bytes(0, 0, 0, named('localhost\0.evil'))],
    ['a name with a line break', bytes(0, 0, 0, named('a\r\nb'))],
    ['a name with a colon that is no address', bytes(0, 0, 0, named('a:80'))],
  ])('drops %s', (_, datagram) => {
    expect(parseDatagram(bytes(datagram, payload))).toBeUndefined()
  })

  it('keeps nothing of the bytes it was given', () => {
    const datagram = bytes(0, 0, 0, ipv4)
    const parsed = parseDatagram(datagram)
    datagram.fill(0xff)
    expect(parsed?.destination).toEqual(toIpv4)
  })
})

describe('writeHeader', () => {
  it.each([
    ['IPv4', bytes(192, 0, 2, 7), bytes(0, 0, 0, ipv4)],
    ['a v4-mapped address as IPv4', mapped, bytes(0, 0, 0, ipv4)],
    ['IPv6', ipv6Address, bytes(0, 0, 0, 4, ipv6Address, 0x12, 0x34)],
  ])('writes %s right before the payload', (_, address, header) => {
    const target = new Uint8Array(longestHeader + payload.length).fill(0xee)
    target.set(payload, longestHeader)
    const start = writeHeader(target, longestHeader, { bytes: address, port: 0x1234 })
    expect(target.subarray(start)).toEqual(bytes(header, payload))
    expect(target.subarray(0, start).every((octet) => octet === 0xee)).toBe(true)
  })
})
