import { describe, expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { introduce } from './introduce.ts'

interface Case {
  readonly title: string
  readonly input: Uint8Array
  /** `client` with address and port in hexadecimal, `own`, or `malformed`. */
  readonly outcome: string
}

const signature = bytes('\r\n\r\n\0\r\nQUIT\n')
const ipv4Ends = bytes(192, 0, 2, 7, 198, 51, 100, 1, 0xc3, 0x50, 4, 56)
const [ours, theirs] = [
  bytes(0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1),
  bytes(0x20, 1, 0xd, 0xb8, ...Array(12).fill(7)),
]
const ipv6Ends = bytes(theirs, ours, 0xc3, 0x50, 4, 56)

function text(line: string, outcome: string): Case {
  return { title: JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line), input: bytes(line), outcome }
}

/** `length` is that of what follows, unless the header lies about it. */
function binary(
  title: string,
  [command, family]: readonly [number, number],
  behind: Uint8Array,
  outcome: string,
  length = behind.length,
): Case {
  return { title, input: bytes(signature, command, family, length >> 8, length & 0xff, behind), outcome }
}

const client4 = 'client c0000207 50000'
const client6 = `client ${Buffer.from(theirs).toString('hex')} 50000`
const longest = '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'
const unknown = 'PROXY UNKNOWN'

const cases: readonly Case[] = [
  text('PROXY TCP4 192.0.2.7 198.51.100.1 50000 1080\r\n', client4),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 0 0\r\n', 'client c0000207 0'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 65535 65535\r\n', 'client c0000207 65535'),
  text('PROXY TCP6 2001:db8:0707:707:707:707:707:707 2001:db8::1 50000 1080\r\n', client6),
  text(`PROXY TCP6 ${longest} ${longest} 65535 65535\r\n`, 'client 20010db8ffffffffffffffffffffffff 65535'),
  text('PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 50000 1080\r\n', client4),
  text('PROXY UNKNOWN\r\n', 'own'),
  text('PROXY UNKNOWN 192.0.2.7 what ever\r\n', 'own'),
  text(`${unknown} ${'x'.repeat(107 - unknown.length - 3)}\r\n`, 'own'),
  text(`${unknown} ${'x'.repeat(107 - unknown.length - 2)}\r\n`, 'malformed'),
  text('PROXY UNKNOWNS\r\n', 'malformed'),
  text('PROXY UNKNOWN a\nb\r\n', 'malformed'),
  text('PROXY TCP4 2001:db8::7 2001:db8::1 50000 1080\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 2001:db8::1 50000 1080\r\n', 'malformed'),
  text('PROXY TCP6 192.0.2.7 198.51.100.1 50000 1080\r\n', 'malformed'),
  text('PROXY TCP6 fe80::7%eth0 fe80::1 50000 1080\r\n', 'malformed'),
  text('PROXY UDP4 192.0.2.7 198.51.100.1 50000 1080\r\n', 'malformed'),
  text('PROXY tcp4 192.0.2.7 198.51.100.1 50000 1080\r\n', 'malformed'),
  text('proxy TCP4 192.0.2.7 198.51.100.1 50000 1080\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 65536 1080\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 50000 65536\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 050000 1080\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 50000 01080\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 -1 1080\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.07 198.51.100.1 50000 1080\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.256 198.51.100.1 50000 1080\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2 198.51.100.1 50000 1080\r\n', 'malformed'),
  text('PROXY TCP4  192.0.2.7 198.51.100.1 50000 1080\r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 50000 1080 \r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 50000\r\n', 'malformed'),
  text('PROXY TCP4\r\n', 'malformed'),
  text('PROXY \r\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 50000 1080\n', 'malformed'),
  text('PROXY TCP4 192.0.2.7 198.51.100.1 50000 1080\rX', 'malformed'),
  text(`PROXY TCP4 ${'1'.repeat(107)}`, 'malformed'),
  text('GET / HTTP/1.1\r\n\r\n', 'malformed'),
  { title: 'SOCKS5 at once', input: bytes(5, 1, 0), outcome: 'malformed' },
  { title: 'TLS', input: bytes(0x16, 3, 1, 2, 0), outcome: 'malformed' },
  binary('an IPv4 client', [0x21, 0x11], ipv4Ends, client4),
  binary('an IPv6 client', [0x21, 0x21], ipv6Ends, client6),
  binary('an IPv4 client, as mapped', [0x21, 0x21], bytes(mappedOf(192, 0, 2, 7), ours, 0xc3, 0x50, 4, 56), client4),
  binary('TLVs, a checksum among them that is wrong', [0x21, 0x11], bytes(ipv4Ends, 3, 0, 4, 1, 2, 3, 4), client4),
  binary('what looks like no TLV', [0x21, 0x11], bytes(ipv4Ends, 3, 0xff), client4),
  binary('4 KiB of TLVs', [0x21, 0x21], bytes(ipv6Ends, new Uint8Array(4096)), client6),
  binary('more than that', [0x21, 0x21], bytes(ipv6Ends, new Uint8Array(4097)), 'malformed'),
  binary('LOCAL', [0x20, 0], bytes(), 'own'),
  binary('LOCAL with addresses', [0x20, 0x11], ipv4Ends, 'own'),
  binary('LOCAL of an unknown family', [0x20, 0xff], bytes(1), 'own'),
  binary('LOCAL with 4 KiB', [0x20, 0], new Uint8Array(4096), 'own'),
  binary('LOCAL with more than that', [0x20, 0], new Uint8Array(4097), 'malformed'),
  binary('a client of no known family', [0x21, 0], bytes(), 'own'),
  binary('a client of no known family, with TLVs', [0x21, 0], bytes(4, 0, 0), 'own'),
  binary('fewer bytes than IPv4 addresses take', [0x21, 0x11], ipv4Ends.subarray(1), 'malformed'),
  binary('fewer bytes than IPv6 addresses take', [0x21, 0x21], ipv6Ends.subarray(1), 'malformed'),
  binary('version 1', [0x11, 0x11], ipv4Ends, 'malformed'),
  binary('version 3', [0x31, 0x11], ipv4Ends, 'malformed'),
  binary('another command', [0x22, 0x11], ipv4Ends, 'malformed'),
  binary('an unknown family', [0x21, 0x41], ipv4Ends, 'malformed'),
  binary('a family without a protocol', [0x21, 0x10], ipv4Ends, 'malformed'),
  binary('UDP over IPv4', [0x21, 0x12], ipv4Ends, 'malformed'),
  binary('UDP over IPv6', [0x21, 0x22], ipv6Ends, 'malformed'),
  binary('a Unix socket', [0x21, 0x31], new Uint8Array(216), 'malformed'),
  {
    title: 'a wrong signature',
    input: bytes(signature.subarray(0, 11), 0, 0x21, 0x11, 0, 12, ipv4Ends),
    outcome: 'malformed',
  },
]

function mappedOf(...address: number[]): Uint8Array {
  return bytes(new Uint8Array(10), 0xff, 0xff, ...address)
}

describe.each(cases)('PROXY header: $title', ({ input, outcome }) => {
  const isRefused = outcome === 'malformed'

  it('is understood whole, with what follows it', () => {
    expect(introduce([input])).toEqual({ outcome, rest: '' })
    expect(introduce([bytes(input, 5, 1, 0)])).toEqual({ outcome, rest: isRefused ? '' : '050100' })
  })

  it('is understood a byte at a time', () => {
    expect(introduce(Array.from(bytes(input, 5), (octet) => Uint8Array.of(octet)))).toMatchObject({ outcome })
  })

  it('comes to nothing else when it is cut short', () => {
    for (const at of [...input.keys()].slice(0, 200)) {
      const cut = introduce([input.subarray(0, at)]).outcome
      expect(isRefused ? ['more', outcome] : ['more'], `cut at ${at}`).toContain(cut)
      const pieces = introduce([input.subarray(0, at), input.subarray(at)])
      expect(pieces, `cut at ${at}`).toMatchObject({ outcome })
    }
  })
})
