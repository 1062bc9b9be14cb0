import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { State, Total } from '../../daemon/engine/session-table.ts'
import type { Endpoint } from '../../daemon/net/endpoint.ts'
import { bytes } from '../helpers/bytes.ts'
import { alice, aliceChanged, engines, sharedProxy, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer } from '../helpers/peer.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

describe.each(engines)('$kind engine: control', ({ start }) => {
  const shared = sharedProxy(start)

  it('listens where it is told, on one free port for all', async () => {
    const { engine, port } = await startProxy(start)
    expect(port).toBeGreaterThan(0)
    expect(engine.listening).toEqual([
      { address: '127.0.0.1', port },
      { address: '::1', port },
    ])
  })

  it('refuses a port that is taken, and then listens nowhere', async () => {
    const { port } = await startTarget('127.0.0.1')
    // From 127.0.23.7 nobody else connects, so that no port of it is taken by chance.
    const listen: Endpoint[] = [
      { address: '127.0.23.7', port },
      { address: '127.0.0.1', port },
    ]
    await expect(startProxy(start, { listen })).rejects.toMatchObject({
      name: 'ListenError',
      code: 'EADDRINUSE',
      endpoint: { address: '127.0.0.1', port },
    })
    await startTarget('127.0.23.7', port)
  })

  it('refuses an address that this machine does not have', async () => {
    const listen = [{ address: '192.0.2.1', port: 0 }]
    await expect(startProxy(start, { listen })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })

  it.each([
    ['127.0.0.1', '::ffff:127.0.0.1'],
    ['::1', '::1'],
  ])('shows who a client on %s is', async (via, address) => {
    const proxy = await shared()
    const client = await proxy.client(via)
    await eventually(() => expect(proxy.rows()).toHaveLength(1))
    const who = `${address} ${client.socket.localPort}`
    const nothing = { user: 0, up: 0, down: 0, name: '', target: ':: 0' }
    expect(proxy.rows()).toMatchObject([{ ...nothing, state: State.negotiating, client: who }])
  })

  it('shows nothing of a session that had the row before', async () => {
    const proxy = await startProxy(start, { passwordRequired: true, maxSessions: 1 })
    const target = await startTarget()
    const former = await proxy.openAsAlice('one.test', target.port)
    const peer = await target.next()
    former.write('12345')
    peer.write('123')
    await Promise.all([peer.read(5), former.read(3)])
    former.reset()
    await proxy.empty()
    for (const _ of proxy.engine.tables) {
      const client = await proxy.client()
      await eventually(() => expect(proxy.rows()).toHaveLength(1))
      expect(proxy.rows()).toMatchObject([{ user: 0, up: 0, down: 0, name: '', target: ':: 0' }])
      client.reset()
      await proxy.empty()
    }
  })

  it('kills the sessions named, and no others', async () => {
    const proxy = await shared()
    const target = await startTarget()
    const doomed = await proxy.open('127.0.0.1', target.port)
    const doomedPeer = await target.next()
    const [row] = proxy.rows()
    const other = await proxy.open('127.0.0.1', target.port)
    const otherPeer = await target.next()
    const serial = row?.serial ?? 0

    expect(await proxy.engine.order('kill', [serial, 987_654_321])).toEqual([serial])
    expect(await Promise.all([doomed.discard(), doomedPeer.discard()])).toEqual(['ECONNRESET', 'ECONNRESET'])
    expect(await proxy.engine.order('kill', [serial])).toEqual([])
    other.write('still here')
    expect(await otherPeer.readText(10)).toBe('still here')
  })

  it('kills sessions that are ending by themselves', async () => {
    const proxy = await shared()
    const target = await startTarget()
    // The moment that matters lies between two events of one turn of the event loop; only a socket's event gets there.
    const signal = await connectPeer(target.host, target.port)
    const signalled = await target.next()
    for (let turns = 0; turns < 8; turns++) {
      const client = await proxy.open('127.0.0.1', target.port)
      const peer = await target.next()
      const serials = proxy.rows().map((row) => row.serial)
      peer.finish()
      for (let turn = 0; turn < turns; turn++) await setImmediate()
      signal.write('x')
      await signalled.read(1)
      await proxy.engine.order('kill', serials)
      await client.discard()
      expect(proxy.rows()).toEqual([])
    }
  })

  it('kills a session whose receiver has stopped reading', async () => {
    const proxy = await shared()
    const target = await startTarget()
    const client = await proxy.open('127.0.0.1', target.port)
    const peer = await target.next()
    for (let i = 0; i < 64; i++) peer.write(Buffer.alloc(1024 * 1024))
    peer.finish()
    await client.read(1)
    expect(
      await proxy.engine.order(
        'kill',
        proxy.rows().map((row) => row.serial),
      ),
    ).toHaveLength(1)
    expect(await peer.discard()).not.toBe('FIN')
    expect(await client.discard()).toBe('ECONNRESET')
  })

  it('never gives a serial twice', async () => {
    const proxy = await shared()
    const target = await startTarget()
    const seen = new Set<number>()
    for (let i = 0; i < 20; i++) {
      const client = await proxy.open('127.0.0.1', target.port)
      for (const row of proxy.rows()) seen.add(row.serial)
      client.reset()
      await proxy.empty()
    }
    expect(seen.size).toBe(20)
  })

  it("ends a user's sessions, wherever they stand, when asked to", async () => {
    const resolve = vi.fn(() => new Promise<never>(() => {}))
    const proxy = await startProxy(start, { passwordRequired: true, services: { resolve } })
    const target = await startTarget()
    const open = await proxy.openAsAlice('127.0.0.1', target.port)
    const peer = await target.next()
    const resolving = await proxy.clientAsAlice()
    resolving.write(request('slow.test', 80))
    await eventually(() => expect(resolve).toHaveBeenCalled())
    const requesting = await proxy.clientAsAlice()
    expect(proxy.userSessions(alice.index)).toBe(3)

    expect(await proxy.engine.order('userChanged', { ...aliceChanged, user: alice.index + 1, cut: true })).toHaveLength(
      0,
    )
    expect(await proxy.engine.order('userChanged', { ...aliceChanged, cut: true })).toHaveLength(3)
    await Promise.all([open, peer, resolving, requesting].map((one) => one.discard()))
    expect(proxy.rows()).toEqual([])
    expect(proxy.userSessions(alice.index)).toBe(0)
  })

  it('drains: refuses new clients, serves the live ones to their end', async () => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    const client = await proxy.open('127.0.0.1', target.port)
    const peer = await target.next()
    let drained = false
    const draining = proxy.engine.drain().then(() => {
      drained = true
    })
    const visit = async (via: string) => (await proxy.client(via)).reset()
    for (const via of ['127.0.0.1', '::1'])
      await eventually(() => expect(visit(via)).rejects.toMatchObject({ code: 'ECONNREFUSED' }))

    client.write('last words')
    client.finish()
    expect(await peer.readTextToEnd()).toBe('last words')
    expect(drained).toBe(false)
    peer.finish()
    await draining
    expect(proxy.rows()).toEqual([])
  })

  it('serves those who had come before a drain, and waited', async () => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    const clients = await Promise.all(Array.from({ length: 200 }, () => proxy.client()))
    const draining = proxy.engine.drain()
    for (const client of clients) client.write(bytes(greeting, request('127.0.0.1', target.port)))
    for (const client of clients) {
      expect(await client.readHex(2)).toBe('0500')
      await expectReply(client, succeeded)
      client.reset()
    }
    await draining
  })

  it('takes clients again when a drain is taken back, as often as that is, unless somebody else has the port', async () => {
    const target = await startTarget()
    const listen = { address: '127.0.0.1', port: 0 }
    const proxy = await startProxy(start, { forwards: [{ listen, host: target.host, port: target.port }] })
    const [forward] = proxy.engine.forwarding
    const sockets = () => proxy.engine.sockets.map(({ role, address, port }) => `${role} ${address} ${port}`)
    const [before, client] = [sockets(), await proxy.open('127.0.0.1', target.port)]
    const peer = await target.next()
    const refused = async (port = proxy.port) => {
      const visit = async () => (await connectPeer('127.0.0.1', port)).reset()
      await eventually(() => expect(visit()).rejects.toMatchObject({ code: 'ECONNREFUSED' }))
    }
    for (let i = 0; i < 3; i++) {
      void proxy.engine.drain()
      await refused()
      await refused(forward?.port)
      expect(proxy.engine.sockets).toEqual([])
      await proxy.engine.undrain()
      expect(sockets()).toEqual(before)
      for (const via of ['127.0.0.1', '::1']) {
        const again = await proxy.open('127.0.0.1', target.port, via)
        again.write('in')
        const there = await target.next()
        expect(await there.readText(2)).toBe('in')
        there.reset()
      }
      const forwarded = await connectPeer('127.0.0.1', forward?.port ?? 0)
      ;(await target.next()).write('out')
      expect(await forwarded.readText(3)).toBe('out')
      forwarded.reset()
    }
    for (let i = 0; i < 10; i++) {
      void proxy.engine.drain()
      await proxy.engine.undrain()
      expect(sockets()).toEqual(before)
    }
    client.write('still here')
    expect(await peer.readText(10)).toBe('still here')

    const drained = proxy.engine.drain()
    await refused()
    const other = createServer()
    await once(other.listen(forward?.port, '127.0.0.1'), 'listening')
    await expect(proxy.engine.undrain()).rejects.toMatchObject({ code: 'EADDRINUSE', endpoint: forward })
    await refused()
    other.close()
    client.finish()
    peer.finish()
    await drained
  })

  it('lets clients beyond the limit wait until there is room', async () => {
    const proxy = await startProxy(start, { maxSessions: 2 })
    const target = await startTarget()
    const first = await proxy.open('127.0.0.1', target.port)
    const firstPeer = await target.next()
    await proxy.open('127.0.0.1', target.port)
    const third = await proxy.client()
    third.write(bytes(greeting, request('127.0.0.1', target.port)))
    for (let i = 0; i < 50; i++) {
      first.write('ping')
      await firstPeer.read(4)
    }
    expect(third.socket.bytesRead).toBe(0)
    expect(proxy.total(Total.accepted)).toBe(2)

    first.reset()
    expect(await third.readHex(2)).toBe('0500')
    await expectReply(third, succeeded)
  })

  it('ends everything on close and gives every descriptor back', async () => {
    const target = await startTarget()
    const rounds = [async () => {}, async () => {}]
    const descriptors: number[] = []
    for (const _ of rounds) {
      const proxy = await startProxy(start)
      const clients = await Promise.all(Array.from({ length: 20 }, () => proxy.open('127.0.0.1', target.port)))
      const negotiating = await proxy.client()
      negotiating.write(greeting)
      expect(await negotiating.readHex(2)).toBe('0500')
      await eventually(() => expect(proxy.rows().filter((row) => row.state === State.open)).toHaveLength(20))
      await proxy.engine.close()
      expect(proxy.rows()).toEqual([])
      const peers = await Promise.all(clients.map(() => target.next()))
      await Promise.all([...clients, ...peers, negotiating].map((one) => one.discard()))
      descriptors.push(readdirSync('/proc/self/fd').length)
    }
    expect(descriptors[1]).toBe(descriptors[0])
  })
})
