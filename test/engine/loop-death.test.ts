import { describe, expect, it } from 'vitest'
import type { Resolution } from '../../daemon/engine/engine.ts'
import { Lock } from '../../daemon/engine/shared/lock.ts'
import { startLinux } from '../../daemon/engine/start.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { openDatagrams, wrapped } from '../helpers/datagrams.ts'
import { descriptors } from '../helpers/descriptors.ts'
import { alice, aliceChanged, type Options, oneLoop, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { ruleMemory } from '../helpers/rules.ts'
import {
  expectRefusal,
  expectReply,
  greeting,
  greetingForLogin,
  login,
  request,
  succeeded,
} from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

/** What no resolver answers, and no loop survives. */
const nonsense = { addresses: undefined, lasts: 1 } as unknown as Resolution

/** A proxy whose loops die of a name, and what it told of them. */
async function startMortal(start: typeof startLinux, options: Options = {}) {
  const faults: string[] = []
  const services = {
    resolve: async (name: string) => (name === 'deadly.test' ? nonsense : ['127.0.0.1']),
    fault: (_error: unknown, message: string) => void faults.push(message),
  }
  return { proxy: await startProxy(start, { services, ...options }), faults }
}

/** A client that has said hello, in the loop that the kernel has chosen. */
async function greet(proxy: ProxyUnderTest): Promise<Peer> {
  const client = await proxy.client()
  client.write(greeting)
  await client.read(2)
  return client
}

async function ask(proxy: ProxyUnderTest, command: Command, host = '0.0.0.0', port = 0) {
  const client = await greet(proxy)
  client.write(request(host, port, command))
  return { client, at: await expectReply(client, succeeded) }
}

describe.runIf(process.platform === 'linux')('a loop that dies', () => {
  it('resets what it had, gives everything back, and another serves who waits at the door', async () => {
    const { proxy, faults } = await startMortal(oneLoop(startLinux), { maxSessions: 6 })
    const [target, listener] = [await startTarget(), await openDatagrams()]
    await proxy.limit(0, { rateDown: 100_000 })
    const killer = await greet(proxy)
    const before = descriptors()
    // One that a rate keeps waiting, one in bulk, a BIND, an association that has sent something, and one who has said nothing.
    const paced = await proxy.open(target.host, target.port)
    const feeder = await target.next()
    feeder.write(Buffer.alloc(4_000_000))
    const bulk = await proxy.open(target.host, target.port)
    const sink = await target.next()
    bulk.write(Buffer.alloc(8_000_000))
    const bind = await ask(proxy, Command.bind)
    const association = await ask(proxy, Command.udpAssociate)
    const own = await openDatagrams()
    await own.send(wrapped('127.0.0.1', listener.port, 'ping'), association.at.port, association.at.address)
    const outlet = await listener.next()
    const silent = await proxy.client()
    await eventually(() => {
      expect(proxy.rows()).toHaveLength(6)
      expect(proxy.rows().some(({ paced }) => paced === 'user')).toBe(true)
    })
    const waiting = await Promise.all([1, 2, 3].map(() => proxy.client()))
    for (const client of waiting) client.write(greeting)

    killer.write(request('deadly.test', 80))
    const all = [killer, paced, feeder, bulk, sink, bind.client, association.client, silent]
    expect(await Promise.all(all.map((side) => side.discard()))).toEqual(all.map(() => 'ECONNRESET'))
    for (const client of waiting) expect(await client.readHex(2)).toBe('0500')
    expect(proxy.closed().map(({ reason }) => reason)).toEqual(Array(6).fill('failed'))
    expect(proxy.engine.restarts).toEqual([1])
    expect(faults).toEqual(['thread 1 of the engine has died: 6 connections of it ended'])
    await expect(connectPeer(bind.at.address, bind.at.port)).rejects.toThrow('ECONNREFUSED')

    // There are as many places, ports, and as much of a rate as before.
    for (const client of waiting) client.reset()
    await proxy.empty()
    await proxy.limit(0, {})
    const again = await ask(proxy, Command.udpAssociate)
    const stranger = await openDatagrams('127.0.0.1', outlet.port)
    await own.send(wrapped('127.0.0.1', outlet.port, 'pong'), again.at.port, again.at.address)
    expect((await stranger.next()).data.toString()).toBe('pong')
    const crowd = [...(await Promise.all(Array.from({ length: 4 }, () => greet(proxy)))), again.client]
    expect((await ask(proxy, Command.bind)).client.socket.destroy().destroyed).toBe(true)
    for (const client of crowd) client.reset()
    await proxy.empty()
    for (const side of all) side.socket.destroy()
    await own.close()
    await stranger.close()
    await listener.close()
    // Three of before have gone, too: the killer, at both ends, and who listened for datagrams.
    await eventually(() => expect(descriptors().sockets).toBe(before.sockets - 3))
    expect(descriptors().others).toBe(before.others)
    expect(descriptors().pipes).toBeLessThanOrEqual(before.pipes)
    const serials = proxy.closed().map(({ serial }) => serial)
    expect(new Set(serials).size).toBe(serials.length)
  })

  it('leaves others alone, and the one in its place obeys all that was ordered', async () => {
    const { proxy } = await startMortal(startLinux)
    const target = await startTarget()
    await proxy.engine.order('judge', ruleMemory('deny to 127.0.0.9'))
    await proxy.engine.order('apply', { commands: [Command.connect] })
    await proxy.engine.order('ways', { egress: new Map([[alice.index, { from: ['127.0.0.3'], mode: 'sticky' }]]) })
    await proxy.engine.order('userChanged', { ...aliceChanged, user: alice.index })
    const clients: { client: Peer; server: Peer; loop: number }[] = []
    const live = () => proxy.engine.tables.map((table) => table.userSessions[alice.index] ?? 0)
    for (let before = live(); before.includes(0); before = live()) {
      const client = await proxy.openAsAlice(target.host, target.port)
      const loop = live().findIndex((count, i) => count > (before[i] ?? 0))
      clients.push({ client, server: await target.next(), loop })
    }
    const killer = await proxy.clientAsAlice()
    const doomed = live().findIndex((count, i) => count > clients.filter(({ loop }) => loop === i).length)
    killer.write(request('deadly.test', 80))
    expect(await killer.discard()).toBe('ECONNRESET')
    for (const { client, server, loop } of clients) {
      if (loop === doomed) {
        expect([await client.discard(), await server.discard()]).toEqual(['ECONNRESET', 'ECONNRESET'])
      } else {
        server.write('on')
        expect(await client.readText(2)).toBe('on')
      }
    }
    await eventually(() => expect(proxy.engine.restarts[doomed]).toBe(1))
    expect(proxy.engine.restarts[1 - doomed]).toBe(0)

    const served = () => proxy.engine.tables[doomed]?.nextSerial[0] ?? 0
    for (const first = served(); served() === first; ) {
      const stranger = await proxy.client()
      stranger.write(greeting)
      expect(await stranger.readHex(2)).toBe('05ff')
      for (const [command, host] of [
        [Command.connect, '127.0.0.9'],
        [Command.bind, '0.0.0.0'],
      ] as const) {
        const client = await proxy.client()
        client.write(bytes(greetingForLogin, login(alice.name, alice.password), request(host, target.port, command)))
        expect(await client.readHex(4)).toBe('05020100')
        await expectRefusal(client, command === Command.bind ? '07' : '02')
      }
      clients.push({ client: await proxy.openAsAlice(target.host, target.port), server: await target.next(), loop: 0 })
      expect(clients.at(-1)?.server.socket.remoteAddress).toBe('127.0.0.3')
    }
    for (const { client } of clients) client.reset()
    await proxy.empty()
  })

  it('is not replaced while the engine drains', async () => {
    const { proxy } = await startMortal(oneLoop(startLinux))
    const killer = await greet(proxy)
    const drained = proxy.engine.drain()
    killer.write(request('deadly.test', 80))
    await drained
    expect(await killer.discard()).toBe('ECONNRESET')
    await expect(proxy.client()).rejects.toThrow('ECONNREFUSED')
    expect(proxy.engine.restarts).toEqual([0])
    await proxy.engine.undrain()
    const client = await greet(proxy)
    client.reset()
    await proxy.empty()
    expect(proxy.engine.restarts).toEqual([1])
  })
})

it('what a thread has locked others get once it has died, and not before', () => {
  const words = new Int32Array(new SharedArrayBuffer(4))
  const [dead, alive] = [new Lock(words, 0, 1), new Lock(words, 0, 2)]
  dead.with(() => {
    alive.releaseFor(2)
    expect(words[0]).not.toBe(0)
    alive.releaseFor(1)
    expect(alive.with(() => 'mine')).toBe('mine')
  })
})
