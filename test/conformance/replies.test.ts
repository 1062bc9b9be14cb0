import { describe, expect, it } from 'vitest'
import { Command } from '../../daemon/socks/messages.ts'
import { startBlackHole } from '../helpers/black-hole.ts'
import { bytes } from '../helpers/bytes.ts'
import { enginesOfOneLoop, type Options, openPolicy, sharedProxy, startProxy } from '../helpers/engine.ts'
import { expectRefusal, greeting, request } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

interface Case extends Options {
  readonly title: string
  readonly reply: string
  /** What is asked for; `port` is that of a server on 127.0.0.1. May return a promise. */
  asks(port: number): Uint8Array | Promise<Uint8Array>
}

function without(...off: readonly Command[]): Options {
  return { commands: openPolicy.commands.filter((command) => !off.includes(command)) }
}

/** Every REP of RFC 1928, section 6 that refuses, each provoked as it would come about. */
const cases: readonly Case[] = [
  { title: 'a request of another version', reply: '01', asks: () => bytes(4, 1, 0, 1) },
  { title: 'port 0', reply: '01', asks: () => request('127.0.0.1', 0) },
  {
    title: 'a destination that is forbidden',
    reply: '02',
    forbidden: [{ address: '127.0.0.1', port: 9 }],
    asks: () => request('127.0.0.1', 9),
  },
  { title: 'an address that there is no way to', reply: '03', asks: () => request('255.255.255.255', 80) },
  { title: 'a name that does not exist', reply: '04', asks: () => request('unknown.test', 80) },
  {
    title: 'a name that does not resolve in time',
    reply: '04',
    timeouts: { resolve: 100 },
    services: { resolve: () => new Promise(() => {}) },
    asks: () => request('slow.test', 80),
  },
  { title: 'an address that refuses', reply: '05', asks: (port) => request('127.0.0.2', port) },
  { title: 'IPv6 where only IPv4 listens', reply: '05', asks: (port) => request('::1', port) },
  { title: 'a name whose addresses all refuse', reply: '05', asks: (port) => request('dead.test', port) },
  {
    title: 'an address that does not answer',
    reply: '06',
    timeouts: { connect: 300 },
    asks: async () => request('127.0.0.1', await startBlackHole('127.0.0.1')),
  },
  { title: 'a command that does not exist', reply: '07', asks: () => bytes(5, 9, 0, 1) },
  {
    title: 'CONNECT, switched off',
    reply: '07',
    ...without(Command.connect),
    asks: (port) => request('127.0.0.1', port),
  },
  {
    title: 'BIND, switched off',
    reply: '07',
    ...without(Command.bind),
    asks: () => bytes(5, 2, 0, 1, new Uint8Array(6)),
  },
  {
    title: 'UDP ASSOCIATE, switched off',
    reply: '07',
    ...without(Command.udpAssociate),
    asks: () => bytes(5, 3, 0, 1, new Uint8Array(6)),
  },
  { title: 'an address type that does not exist', reply: '08', asks: () => bytes(5, 1, 0, 2, 127) },
]

describe.each(enginesOfOneLoop)('$kind engine: REP', ({ start }) => {
  const shared = sharedProxy(start)

  it.each(cases)('$reply for $title', async ({ title: _, reply, asks, ...options }) => {
    const proxy = await (Object.keys(options).length > 0 ? startProxy(start, options) : shared())
    const { port } = await startTarget()
    const client = await proxy.client()
    client.write(bytes(greeting, await asks(port)))
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, reply)
    client.finish()
    expect(await client.ending).toBe('closed')
  })
})
