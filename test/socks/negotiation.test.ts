import { describe, expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { negotiate } from './negotiate.ts'

interface Case {
  readonly title: string
  readonly password?: boolean
  readonly input: Uint8Array
  readonly replies: string
  readonly step: string
}

const greeting = bytes(5, 1, 0)
const greetingWithPassword = bytes(5, 1, 2)
const port80 = bytes(0, 80)
const request = bytes(5, 1, 0, 1, 127, 0, 0, 1, port80)
const login = bytes(1, 5, 'alice', 6, 'secret')

/** The replies to a refused request: full length, 0.0.0.0:0. */
const refusal = (reply: string) => `0500${`05${reply}0001`}${'00'.repeat(6)}`

function name(title: string, text: string, step: string, port = port80): Case {
  const input = bytes(greeting, 5, 1, 0, 3, text.length, text, port)
  return { title, input, replies: step === 'malformed' ? refusal('01') : '0500', step }
}

function head(title: string, octets: readonly number[], reply: string): Case {
  const step = reply === '01' ? 'malformed' : 'unsupported'
  return { title, input: bytes(greeting, ...octets), replies: refusal(reply), step }
}

function logged(title: string, input: Uint8Array, good = false): Case {
  return {
    title,
    password: true,
    input: bytes(greetingWithPassword, input),
    replies: good ? '05020100' : '05020101',
    step: good ? '7f000001 80' : 'denied',
  }
}

const cases: readonly Case[] = [
  { title: 'an IPv4 address', input: bytes(greeting, request), replies: '0500', step: '7f000001 80' },
  {
    title: 'an IPv6 address',
    input: bytes(greeting, 5, 1, 0, 4, 0x20, 1, ...Array(13).fill(0), 7, 0xff, 0xfe),
    replies: '0500',
    step: '20010000000000000000000000000007 65534',
  },
  {
    title: 'a v4-mapped address is IPv4',
    input: bytes(greeting, 5, 1, 0, 4, ...Array(10).fill(0), 0xff, 0xff, 127, 0, 0, 1, port80),
    replies: '0500',
    step: '7f000001 80',
  },
  name('a name', 'example-1.test_a', 'name example-1.test_a 80'),
  name('a name in capitals, with the dot of the root', 'Example-1.TEST_a.', 'name example-1.test_a 80'),
  name('an address with the dot of the root', '127.0.0.1.', '7f000001 80'),
  name('a name of 255 bytes', 'a'.repeat(255), `name ${'a'.repeat(255)} 80`),
  name('an IPv4 literal as a name', '127.0.0.1', '7f000001 80'),
  name('an IPv6 literal as a name', '::1', '00000000000000000000000000000001 80'),
  name('a v4-mapped literal as a name', '::ffff:127.0.0.1', '7f000001 80'),
  name('0.0.0.0 as a name', '0.0.0.0', '00000000 80'),
  name('octal is left to the resolver', '0177.1', 'name 0177.1 80'),
  name('a decimal address is left to the resolver', '2130706433', 'name 2130706433 80'),
  name('a name of length 0', '', 'malformed'),
  name('the root', '.', 'malformed'),
  name('two dots at the end', 'localhost..', 'malformed'),
  name('an empty label', 'a..test', 'malformed'),
  name('a dot at the beginning', '.test', 'malformed'),
  name('a NUL', 'localhost\0.evil', 'malformed'),
  name('a line break', 'localhost\r\n', 'malformed'),
  name('a line feed at the end', 'localhost\n', 'malformed'),
  name('bytes beyond ASCII', 'caf\xe9.test', 'malformed'),
  name('invalid UTF-8', '\xff\xfe', 'malformed'),
  name('quotes', '"""".com', 'malformed'),
  name('a space', 'local host', 'malformed'),
  name('a zone', 'fe80::1%lo', 'malformed'),
  name('a colon outside a literal', 'localhost:80', 'malformed'),
  name('port 0', 'localhost', 'malformed', bytes(0, 0)),
  {
    title: 'port 0 of an address',
    input: bytes(greeting, 5, 1, 0, 1, 127, 0, 0, 1, 0, 0),
    replies: refusal('01'),
    step: 'malformed',
  },
  head('request VER 04', [4, 1, 0, 1, 127, 0, 0, 1, 0, 80], '01'),
  head('CMD 00', [5, 0, 0, 1, 127, 0, 0, 1, 0, 80], '07'),
  head('BIND', [5, 2, 0, 1, 127, 0, 0, 1, 0, 80], '07'),
  head('UDP ASSOCIATE', [5, 3, 0, 1, 0, 0, 0, 0, 0, 0], '07'),
  head('CMD 09', [5, 9, 0, 1, 127, 0, 0, 1, 0, 80], '07'),
  head('CMD 80', [5, 0x80, 0, 1, 127, 0, 0, 1, 0, 80], '07'),
  head('ATYP 00', [5, 1, 0, 0, 127, 0, 0, 1, 0, 80], '08'),
  head('ATYP 02', [5, 1, 0, 2, 127, 0, 0, 1, 0, 80], '08'),
  head('ATYP 23', [5, 1, 0, 0x23, 127, 0, 0, 1, 0, 80], '08'),
  { title: 'no methods', input: bytes(5, 0), replies: '05ff', step: 'denied' },
  { title: 'no methods, password required', password: true, input: bytes(5, 0), replies: '05ff', step: 'denied' },
  {
    title: '255 methods, 00 the last',
    input: bytes(5, 255, ...Array(254).fill(0x80), 0, request),
    replies: '0500',
    step: '7f000001 80',
  },
  {
    title: 'only a password offered, none wanted',
    input: bytes(5, 1, 2, 1, 1, 'a', 1, 'b', request),
    replies: '05020100',
    step: '7f000001 80',
  },
  { title: 'no password offered, one wanted', password: true, input: bytes(5, 1, 0), replies: '05ff', step: 'denied' },
  { title: 'only method FF offered', input: bytes(5, 1, 0xff), replies: '05ff', step: 'denied' },
  { title: 'SOCKS4', input: bytes(4, 1, port80, 127, 0, 0, 1, 0), replies: '', step: 'malformed' },
  { title: 'HTTP', input: bytes('GET / HTTP/1.1\r\n\r\n'), replies: '', step: 'malformed' },
  { title: 'TLS', input: bytes(0x16, 3, 1, 2, 0), replies: '', step: 'malformed' },
  logged('a good login', bytes(login, request), true),
  logged('a bad password', bytes(1, 5, 'alice', 6, 'Secret')),
  logged('an unknown user', bytes(1, 3, 'bob', 6, 'secret')),
  logged('a NUL behind the user', bytes(1, 7, 'alice\0x', 6, 'secret')),
  logged('a NUL behind the password', bytes(1, 5, 'alice', 7, 'secret\0')),
  logged('the longest login', bytes(1, 255, 'u'.repeat(255), 255, 'p'.repeat(255))),
  logged('an empty user', bytes(1, 0, 6, 'secret')),
  logged('an empty password', bytes(1, 5, 'alice', 0)),
  logged('login VER 05', bytes(5, 5, 'alice', 6, 'secret')),
]

describe.each(cases)('negotiation: $title', ({ input, password = false, replies, step }) => {
  const refused = ['denied', 'malformed', 'unsupported'].includes(step)

  it('is understood whole', () => {
    expect(negotiate([input], password)).toMatchObject({ replies, step })
  })

  it('is understood a byte at a time', () => {
    const octets = Array.from(input, (octet) => Uint8Array.of(octet))
    expect(negotiate(octets, password)).toMatchObject({ replies, step })
  })

  it('is understood in any two pieces', () => {
    for (const at of input.keys()) {
      const pieces = [input.subarray(0, at), input.subarray(at)]
      expect(negotiate(pieces, password), `cut at ${at}`).toMatchObject({ replies, step })
    }
  })

  it('is understood with what follows it', () => {
    const rest = refused ? '' : '050161'
    expect(negotiate([bytes(input, 5, 1, 'a')], password)).toEqual({ replies, step, rest })
  })

  it('comes to nothing else when it is cut short', () => {
    for (const at of input.keys()) {
      const cut = negotiate([input.subarray(0, at)], password)
      expect(replies.startsWith(cut.replies), `cut at ${at}`).toBe(true)
      expect(refused ? ['more', step] : ['more'], `cut at ${at}`).toContain(cut.step)
    }
  })
})
