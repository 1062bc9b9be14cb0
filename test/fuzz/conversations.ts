import fc from 'fast-check'
import { bytes } from '../helpers/bytes.ts'

/** Stands in what is made up here for the port of a server that the test has started. */
const someServer = bytes(0xec, 0x07)

const greeting = fc.constantFrom(bytes(5, 1, 0), bytes(5, 1, 2), bytes(5, 2, 0, 2), bytes(5, 0), bytes(4, 1))
const login = fc.constantFrom(bytes(1, 5, 'alice', 6, 'secret'), bytes(1, 1, 'x', 1, 'y'), bytes())

function named(name: string): Uint8Array {
  return bytes(3, name.length, name)
}

/** ATYP and DST.ADDR. */
const address = fc.oneof(
  fc.constantFrom(bytes(1, 127, 0, 0, 1), bytes(4, new Uint8Array(15), 1), named('one.test'), named('127.0.0.1')),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((octets) => bytes(1, octets)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((octets) => bytes(4, octets)),
  fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary-ascii', maxLength: 255 })).map(named),
  fc.uint8Array({ maxLength: 20 }),
)

const port = fc.oneof(fc.constant(someServer), fc.uint8Array({ maxLength: 2 }))

const request = fc
  .tuple(fc.constantFrom(1, 1, 1, 2, 3, 9), address, port)
  .map(([command, to, at]) => bytes(5, command, 0, to, at))

/** Nearly right sessions of a client, so that chance gets past the first bytes. */
export const conversations = fc
  .tuple(greeting, login, request, fc.uint8Array({ maxLength: 40 }))
  .map((parts) => bytes(...parts))

/** Nearly right datagrams of a client. */
export const datagrams = fc
  .tuple(fc.constantFrom(0, 0, 0, 1, 0x80), address, port, fc.uint8Array({ maxLength: 40 }))
  .map(([fragment, to, at, payload]) => bytes(0, 0, fragment, to, at, payload))

/** What is made up here, with the port of the server in it. */
export function withPort(said: Uint8Array, port: number): Buffer {
  const bytes = Buffer.from(said)
  for (let at = bytes.indexOf(someServer); at >= 0; at = bytes.indexOf(someServer, at + 2))
    bytes.writeUInt16BE(port, at)
  return bytes
}

const literal = fc.oneof(fc.ipV4(), fc.ipV6())
const number = fc.integer({ min: 0, max: 70_000 })
const line = fc
  .tuple(fc.constantFrom('TCP4', 'TCP6', 'UNKNOWN', 'UDP4'), literal, literal, number, number)
  .map((words) => bytes(`PROXY ${words.join(' ')}\r\n`))
const binary = fc
  .tuple(
    fc.constantFrom(0x20, 0x21, 0x21, 0x11),
    fc.constantFrom(0, 0x11, 0x21, 0x31),
    fc.constantFrom(12, 36, 216, 40),
    fc.uint8Array({ maxLength: 300 }),
  )
  .map(([command, family, length, behind]) =>
    bytes('\r\n\r\n\0\r\nQUIT\n', command, family, 0, length, behind, new Uint8Array(length)),
  )

/** Nearly right headers of a balancer, with something behind them. */
export const introductions = fc
  .tuple(fc.oneof(line, binary), fc.uint8Array({ maxLength: 40 }))
  .map((parts) => bytes(...parts))
