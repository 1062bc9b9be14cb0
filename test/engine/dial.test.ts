import { describe, expect, it, vi } from 'vitest'
import type { Admission } from '../../daemon/engine/engine.ts'
import { Reason, State } from '../../daemon/engine/session-table.ts'
import { startBlackHole } from '../helpers/black-hole.ts'
import { bytes } from '../helpers/bytes.ts'
import { alice, asAlice, enginesOfOneLoop, sharedProxy, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { unreadFrom } from '../helpers/kernel-queues.ts'
import { linkLocal } from '../helpers/link-local.ts'
import type { Peer } from '../helpers/peer.ts'
import { expectRefusal, greeting, greetingForLogin, login, request } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

/** The ways in which a client goes while it waits. */
const departures: readonly [string, (client: Peer) => void][] = [
  ['a FIN', (client) => client.finish()],
  ['an RST', (client) => client.reset()],
]

describe.each(enginesOfOneLoop)('$kind engine: dialling', ({ kind, start }) => {
  const shared = sharedProxy(start)

  it.each([
    ['one.test', '127.0.0.1'],
    ['six.test', '::1'],
    ['both.test', '127.0.0.1'],
    ['dead-first.test', '127.0.0.1'],
  ])('reaches %s on %s', async (name, host) => {
    const proxy = await shared()
    const target = await startTarget(host)
    const client = await proxy.open(name, target.port)
    const peer = await target.next()
    peer.write('hello')
    expect(await client.readText(5)).toBe('hello')
    const address = host === '::1' ? '::1' : `::ffff:${host}`
    expect(proxy.rows()).toMatchObject([{ name, target: `${address} ${target.port}`, state: State.open }])
  })

  it.skipIf(!linkLocal)('reaches a link-local address of a name by its interface', async () => {
    const address = linkLocal ?? ''
    const target = await startTarget(address)
    const proxy = await startProxy(start, { services: { resolve: async () => [address] } })
    const client = await proxy.open('link-local.test', target.port)
    client.write('x')
    expect(await (await target.next()).readText(1)).toBe('x')
  })

  it.each([
    ['an address that refuses', '127.0.0.2', '05'],
    ['a name whose addresses all refuse', 'dead.test', '05'],
    ['a name without addresses', 'unknown.test', '04'],
  ])('refuses %s exactly', async (_, host, reply) => {
    const proxy = await shared()
    const { port } = await startTarget()
    const client = await proxy.client()
    client.write(bytes(greeting, request(host, port)))
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, reply)
    client.finish()
    await proxy.empty()
    expect([proxy.failed, proxy.ended(Reason.denied)]).toEqual([1, 0])
  })

  it('gives up on a name that does not resolve in time', async () => {
    const services = { resolve: () => new Promise<never>(() => {}) }
    const proxy = await startProxy(start, { timeouts: { negotiation: 1_000, resolve: 1_300 }, services })
    const client = await proxy.client()
    client.write(bytes(greeting, request('slow.test', 80)))
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, '04')
  })

  it('gives up on an address that does not answer in time', async () => {
    const proxy = await startProxy(start, { timeouts: { negotiation: 1_000, connect: 1_300 } })
    const port = await startBlackHole('127.0.0.1')
    const client = await proxy.client()
    client.write(bytes(greeting, request('127.0.0.1', port)))
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, '06')
  })

  it('leaves time for the addresses behind one that does not answer', async () => {
    const services = { resolve: async () => ['127.0.0.2', '127.0.0.1'] }
    const proxy = await startProxy(start, { services })
    const target = await startTarget('127.0.0.1', await freePort())
    await startBlackHole('127.0.0.2', target.port)
    const hopeless = await proxy.client()
    hopeless.write(bytes(greeting, request('127.0.0.2', target.port)))
    const first = [
      hopeless.readToEnd().then(() => 'gave up'),
      proxy.open('half-dead.test', target.port).then(() => 'reached'),
    ]
    expect(await Promise.race(first)).toBe('reached')
  })

  it.each(departures)('stops resolving for a client that goes with %s', async (_, depart) => {
    const resolved = Promise.withResolvers<readonly string[]>()
    const resolve = vi.fn(() => resolved.promise)
    const proxy = await startProxy(start, { services: { resolve } })
    const target = await startTarget()
    const client = await proxy.client()
    client.write(bytes(greeting, request('slow.test', target.port)))
    await eventually(() => expect(resolve).toHaveBeenCalledWith('slow.test', expect.anything()))
    expect(proxy.rows()).toMatchObject([{ state: State.resolving }])
    depart(client)
    await proxy.empty()

    resolved.resolve(['127.0.0.1'])
    const other = await proxy.open('127.0.0.1', target.port)
    const peer = await target.next()
    other.write('x')
    expect(await peer.readText(1)).toBe('x')
    expect(target.unclaimed).toEqual([])
  })

  it.each(departures)('stops connecting for a client that goes with %s', async (_, depart) => {
    const proxy = await shared()
    const client = await proxy.client()
    client.write(bytes(greeting, request('127.0.0.1', await startBlackHole('127.0.0.1'))))
    await eventually(() => expect(proxy.rows()).toMatchObject([{ state: State.connecting }]))
    depart(client)
    await proxy.empty()
    expect(proxy.failed).toBe(1)
  })

  it.skipIf(process.platform !== 'linux')('leaves with the kernel what a client says while it waits', async () => {
    const proxy = await shared()
    const client = await proxy.client()
    client.write(bytes(greeting, request('127.0.0.1', await startBlackHole('127.0.0.1'))))
    await eventually(() => expect(proxy.rows()).toMatchObject([{ state: State.connecting }]))
    const { localPort = 0, remotePort = 0 } = client.socket
    await client.flush(new Uint8Array(4_000))
    if (kind === 'portable') await eventually(() => expect(unreadFrom(localPort, remotePort)).toBe(0))
    await client.flush(new Uint8Array(20_000))
    // Whoever is heard now came behind that.
    const other = await proxy.client()
    other.write(greeting)
    expect(await other.readHex(2)).toBe('0500')
    other.reset()
    // In the process each of them, if it came alone, would take a hundred times its room.
    expect(unreadFrom(localPort, remotePort)).toBeGreaterThanOrEqual(20_000)
    client.reset()
    await proxy.empty()
  })

  it('stops for a client whose FIN came with its request, while its login was checked', async () => {
    const checked = Promise.withResolvers<Admission>()
    const authenticate = vi.fn(() => checked.promise)
    const proxy = await startProxy(start, { passwordRequired: true, services: { authenticate } })
    const client = await proxy.client()
    client.write(bytes(greetingForLogin, login(alice.name, alice.password)))
    await eventually(() => expect(authenticate).toHaveBeenCalled())
    client.write(request('127.0.0.1', await startBlackHole('127.0.0.1')))
    client.finish()
    await proxy.client()
    checked.resolve(asAlice)
    await eventually(() => expect(proxy.failed).toBe(1))
  })

  it('serves a client that has sent all its data and finished before the connection stands', async () => {
    const resolved = Promise.withResolvers<readonly string[]>()
    const resolve = vi.fn(() => resolved.promise)
    const proxy = await startProxy(start, { services: { resolve } })
    const target = await startTarget()
    const client = await proxy.client()
    client.write(bytes(greeting, request('slow.test', target.port), 'que'))
    await eventually(() => expect(resolve).toHaveBeenCalled())
    client.write('stion')
    client.finish()
    resolved.resolve(['127.0.0.1'])

    const peer = await target.next()
    expect(await peer.readTextToEnd()).toBe('question')
    peer.write('answer')
    peer.finish()
    expect((await client.readTextToEnd()).slice(-6)).toBe('answer')
  })

  it('keeps much early data in order', async () => {
    const resolved = Promise.withResolvers<readonly string[]>()
    const proxy = await startProxy(start, { services: { resolve: () => resolved.promise } })
    const target = await startTarget()
    const client = await proxy.client()
    const early = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) >> 8)
    client.write(bytes(greeting, request('slow.test', target.port)))
    client.write(early)
    client.finish()
    expect(await client.readHex(2)).toBe('0500')
    resolved.resolve(['127.0.0.1'])
    const peer = await target.next()
    expect((await peer.readToEnd()).equals(early)).toBe(true)
  })
})
