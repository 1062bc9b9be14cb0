import { SocketAddress } from 'node:net'
import { expect } from 'vitest'
import { parseLiteral } from '../../daemon/net/address.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from './bytes.ts'
import type { Peer } from './peer.ts'

/** A client's side of RFC 1928 and RFC 1929, to the byte. */

export const greeting = bytes(5, 1, 0)
export const greetingForLogin = bytes(5, 1, 2)

export function login(name: string, password: string): Uint8Array {
  return bytes(1, name.length, name, password.length, password)
}

/** CONNECT, unless it is another command, to an address literal or a name. */
export function request(host: string, port: number, command: Command = Command.connect): Uint8Array {
  const address = parseLiteral(host)
  const target = address ? bytes(address.length === 4 ? 1 : 4, address) : bytes(3, host.length, host)
  return bytes(5, command, 0, target, port >> 8, port & 0xff)
}

export const succeeded = '00'

/** Reads a whole reply, expects this REP, and returns BND: the address as a literal, and the port. */
export async function expectReply(client: Peer, reply: string): Promise<{ address: string; port: number }> {
  const head = await client.readHex(4)
  expect(head.slice(0, 6)).toBe(`05${reply}00`)
  const family = head.endsWith('01') ? 'ipv4' : 'ipv6'
  const address = await client.read(family === 'ipv4' ? 4 : 16)
  const port = (await client.read(2)).readUInt16BE()
  const text = family === 'ipv4' ? address.join('.') : (address.toString('hex').match(/.{4}/g) ?? []).join(':')
  return { address: new SocketAddress({ address: text, family }).address, port }
}

/** Expects a refusal: this REP, 0.0.0.0:0, then the end. */
export async function expectRefusal(client: Peer, reply: string): Promise<void> {
  expect((await client.readToEnd()).toString('hex')).toBe(`05${reply}0001${'00'.repeat(6)}`)
}
