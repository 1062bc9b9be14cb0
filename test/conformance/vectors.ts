import { bytes } from '../helpers/bytes.ts'
import { alice } from '../helpers/engine.ts'
import { greeting, greetingForLogin, login, request } from '../helpers/socks-client.ts'

/** Something that clients say, and what a server that follows RFC 1928 and RFC 1929 answers. */
export interface Vector {
  readonly title: string
  readonly passwordRequired?: true
  /** All that the client says; `port` is that of a server on both loopbacks. */
  readonly says: (port: number) => Uint8Array
  /** Every reply in hexadecimal, spaced for reading; a dot stands for any digit, as in a port that nobody can foretell. */
  readonly replies: string
  /** The proxy ends it; or the client stands connected to the server; or it has asked to wait for somebody. */
  readonly end: 'closed' | 'connected' | 'waiting'
}

type Said = number | string | Uint8Array

const goodLogin = login(alice.name, alice.password)
const nowhere = '01 00000000 0000'
export const onIpv4 = '05 00 00 01 7f000001 ....'
export const onIpv6 = `05 00 00 04 ${'0'.repeat(31)}1 ....`
/** Port 80 of 127.0.0.1, behind ATYP 1. */
const loopbackWeb = bytes(127, 0, 0, 1, 0, 80)

export function refused(title: string, rep: string, ...said: readonly Said[]): Vector {
  return { title, says: () => bytes(greeting, ...said), replies: `05 00 05 ${rep} 00 ${nowhere}`, end: 'closed' }
}

function loginRefused(title: string, ...said: readonly Said[]): Vector {
  const says = () => bytes(greetingForLogin, ...said)
  return { title, passwordRequired: true, says, replies: '05 02 01 01', end: 'closed' }
}

function named(name: string, port = 80): Uint8Array {
  return bytes(5, 1, 0, 3, name.length, name, port >> 8, port & 0xff)
}

const greetings: readonly Vector[] = [
  { title: 'SOCKS 3', says: () => bytes(3, 1, loopbackWeb), replies: '', end: 'closed' },
  { title: 'TLS', says: () => bytes(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3), replies: '', end: 'closed' },
  { title: 'no methods', says: () => bytes(5, 0), replies: '05 ff', end: 'closed' },
  {
    title: 'no methods where a password is required',
    passwordRequired: true,
    says: () => bytes(5, 0),
    replies: '05 ff',
    end: 'closed',
  },
  {
    title: 'a login without a name where none is wanted',
    says: () => bytes(greetingForLogin, 1, 0),
    replies: '05 02 01 01',
    end: 'closed',
  },
  { title: 'GSSAPI alone', says: () => bytes(5, 1, 1), replies: '05 ff', end: 'closed' },
  { title: 'method FF', says: () => bytes(5, 1, 0xff), replies: '05 ff', end: 'closed' },
  {
    title: 'no password where one is required',
    passwordRequired: true,
    says: () => greeting,
    replies: '05 ff',
    end: 'closed',
  },
  {
    title: '255 methods, the right one last',
    says: (port) => bytes(5, 255, new Uint8Array(254).fill(0x80), 0, request('127.0.0.1', port)),
    replies: `05 00 ${onIpv4}`,
    end: 'connected',
  },
  {
    title: 'a method twice',
    says: (port) => bytes(5, 2, 0, 0, request('127.0.0.1', port)),
    replies: `05 00 ${onIpv4}`,
    end: 'connected',
  },
]

const logins: readonly Vector[] = [
  {
    title: 'the right password',
    passwordRequired: true,
    says: (port) => bytes(greetingForLogin, goodLogin, request('127.0.0.1', port)),
    replies: `05 02 01 00 ${onIpv4}`,
    end: 'connected',
  },
  {
    title: 'the right password, offered beside none',
    passwordRequired: true,
    says: (port) => bytes(5, 2, 0, 2, goodLogin, request('127.0.0.1', port)),
    replies: `05 02 01 00 ${onIpv4}`,
    end: 'connected',
  },
  loginRefused('a login of version 5', 5, goodLogin.subarray(1)),
  loginRefused('a login of version 0', 0, goodLogin.subarray(1)),
  loginRefused('an empty user', login('', alice.password)),
  loginRefused('an empty password', login(alice.name, '')),
  loginRefused('an empty user and password', login('', '')),
  loginRefused('a wrong password', login(alice.name, `${alice.password}x`)),
  loginRefused('a NUL behind the user', login(`${alice.name}\0x`, alice.password)),
  loginRefused('a NUL behind the password', login(alice.name, `${alice.password}\0`)),
  loginRefused('the user in capitals', login(alice.name.toUpperCase(), alice.password)),
  loginRefused('the longest of users and passwords', login('u'.repeat(255), 'p'.repeat(255))),
]

const requests: readonly Vector[] = [
  ...[0, 4, 6, 0xff].map((version) => refused(`a request of version ${version}`, '01', version, 1, 0, 1, loopbackWeb)),
  ...[0, 4, 9, 0x80, 0xff].map((command) => refused(`CMD ${command}`, '07', 5, command, 0, 1, loopbackWeb)),
  ...[0, 2, 5, 0x23, 0xff].map((type) => refused(`ATYP ${type}`, '08', 5, 1, 0, type, loopbackWeb)),
  refused('port 0', '01', request('127.0.0.1', 0)),
  refused('port 0 of a name', '01', request('one.test', 0)),
  refused('port 0 of IPv6', '01', request('::1', 0)),
  refused('a name of length 0', '01', named('')),
  refused('a name with a NUL', '01', named('localhost\0.evil')),
  refused('a name with a line break', '01', named('localhost\r\nHost: evil')),
  refused('a name that is no text', '01', named('\xff\xfe\x80')),
  refused('a name of quotes', '01', named('"""".com')),
  refused('a name with a space', '01', named('one.test ')),
  refused('a name with a slash', '01', named('one.test/x')),
  refused('a bracketed literal as a name', '01', named('[::1]')),
  refused('a literal with a zone as a name', '01', named('fe80::1%lo')),
  refused('nothing but colons as a name', '01', named(':::')),
  refused('the longest name, which does not exist', '04', named('x'.repeat(255))),
  refused('a name of dots', '01', named('...')),
  refused('a name with two dots at its end, which the rules know with one', '01', named('one.test..')),
  refused('a number as a name', '04', named('2130706433')),
  refused('an octal number as a name', '04', named('0177.1')),
]

const connects: readonly Vector[] = [
  {
    title: 'an IPv4 address',
    says: (port) => bytes(greeting, request('127.0.0.1', port)),
    replies: `05 00 ${onIpv4}`,
    end: 'connected',
  },
  {
    title: 'an IPv6 address',
    says: (port) => bytes(greeting, request('::1', port)),
    replies: `05 00 ${onIpv6}`,
    end: 'connected',
  },
  {
    title: 'a v4-mapped address',
    says: (port) => bytes(greeting, request('::ffff:127.0.0.1', port)),
    replies: `05 00 ${onIpv4}`,
    end: 'connected',
  },
  {
    title: 'a name',
    says: (port) => bytes(greeting, request('one.test', port)),
    replies: `05 00 ${onIpv4}`,
    end: 'connected',
  },
  {
    title: 'a name of IPv6',
    says: (port) => bytes(greeting, request('six.test', port)),
    replies: `05 00 ${onIpv6}`,
    end: 'connected',
  },
  {
    title: 'an IPv4 literal as a name',
    says: (port) => bytes(greeting, named('127.0.0.1', port)),
    replies: `05 00 ${onIpv4}`,
    end: 'connected',
  },
  {
    title: 'an IPv6 literal as a name',
    says: (port) => bytes(greeting, named('::1', port)),
    replies: `05 00 ${onIpv6}`,
    end: 'connected',
  },
  {
    title: 'a v4-mapped literal as a name',
    says: (port) => bytes(greeting, named('::ffff:127.0.0.1', port)),
    replies: `05 00 ${onIpv4}`,
    end: 'connected',
  },
  {
    title: 'RSV that is not 0',
    says: (port) => bytes(greeting, 5, 1, 0x7f, request('127.0.0.1', port).subarray(3)),
    replies: `05 00 ${onIpv4}`,
    end: 'connected',
  },
]

export const vectors = [...greetings, ...logins, ...requests, ...connects]
