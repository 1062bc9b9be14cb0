import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Timeouts, Tuning } from '../../daemon/engine/engine.ts'
import { Total } from '../../daemon/engine/session-table.ts'
import { withShrinkableHeaps } from '../../daemon/heap.ts'
import { startBlackHole } from '../helpers/black-hole.ts'
import { bytes } from '../helpers/bytes.ts'
import { engines, type ProxyUnderTest, patience, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import type { Peer } from '../helpers/peer.ts'
import { expectRefusal, expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'

function tuning(timeouts: Partial<Timeouts>, maxSessions = 1000): Tuning {
  return { maxSessions, timeouts: { ...patience, ...timeouts }, liveness: { keepalive: 0, userTimeout: 0 } }
}

async function openPair(proxy: ProxyUnderTest, target: Target): Promise<[Peer, Peer]> {
  const client = await proxy.open('127.0.0.1', target.port)
  return [client, await target.next()]
}

async function expectTalk(from: Peer, to: Peer): Promise<void> {
  from.write('ping')
  expect(await to.readText(4)).toBe('ping')
}

describe.each(engines)('$kind engine: tuning', ({ start }) => {
  it('ends live sessions that are idle for longer than they may from now on, and no others', async () => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    const [busy, busyPeer] = await openPair(proxy, target)
    const [idle, idlePeer] = await openPair(proxy, target)
    await proxy.engine.order('tune', tuning({ idle: 1_500 }))
    let over = false
    const ended = Promise.all([idle.discard(), idlePeer.discard()]).finally(() => {
      over = true
    })
    while (!over) {
      await expectTalk(busy, busyPeer)
      await setTimeout(20)
    }
    expect(await ended).toEqual(['ECONNRESET', 'ECONNRESET'])
    await expectTalk(busyPeer, busy)
  })

  it('shrinks heaps, and serves as before', async () => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    const shrink = () => withShrinkableHeaps(() => proxy.engine.order('shrink', undefined))
    await shrink()
    const [client, peer] = await openPair(proxy, target)
    await shrink()
    await expectTalk(client, peer)
    await expectTalk(peer, client)
  })

  it('lets live sessions be idle for longer', async () => {
    const proxy = await startProxy(start, { timeouts: { idle: 1_500 } })
    const [client, peer] = await openPair(proxy, await startTarget())
    await proxy.engine.order('tune', tuning({ negotiation: 2_000 }))
    // Whoever waits this long has outlived the time that was.
    await (await proxy.client()).discard()
    await expectTalk(client, peer)
  })

  it('ends sessions that are half over, by their own time', async () => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    const [half, halfPeer] = await openPair(proxy, target)
    const [whole, wholePeer] = await openPair(proxy, target)
    half.finish()
    await halfPeer.readToEnd()
    await proxy.engine.order('tune', tuning({ halfClosed: 200 }))
    await half.discard()
    await eventually(() => expect(proxy.rows()).toHaveLength(1))
    await expectTalk(whole, wholePeer)
  })

  it('counts the time of a session that is half over from that end, however long it was idle before', async () => {
    const proxy = await startProxy(start, { timeouts: { negotiation: 2_000 } })
    const [half, peer] = await openPair(proxy, await startTarget())
    // Whoever waits this long has seen the session idle for longer than it may be once it is half over.
    await (await proxy.client()).discard()
    half.finish()
    await peer.readToEnd()
    await proxy.engine.order('tune', tuning({ halfClosed: 2_000 }))
    await expectTalk(peer, half)
  })

  it('gives a client that is here already its new time for a name and for an address', async () => {
    const services = { resolve: () => new Promise<never>(() => {}) }
    const proxy = await startProxy(start, { services })
    const clients = [await proxy.client(), await proxy.client()] as const
    for (const client of clients) {
      client.write(greeting)
      expect(await client.readHex(2)).toBe('0500')
    }
    await proxy.engine.order('tune', tuning({ resolve: 200, connect: 300 }))
    clients[0].write(request('slow.test', 80))
    clients[1].write(request('127.0.0.1', await startBlackHole('127.0.0.1')))
    await expectRefusal(clients[0], '04')
    await expectRefusal(clients[1], '06')
  })

  it('ends nobody when fewer are served, and lets in who waits when more are', async () => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    const pairs = [await openPair(proxy, target), await openPair(proxy, target)]
    await proxy.engine.order('tune', tuning({}, 1))
    const third = await proxy.client()
    third.write(bytes(greeting, request('127.0.0.1', target.port)))
    pairs[0]?.[0].reset()
    await eventually(() => expect(proxy.rows()).toHaveLength(1))
    for (let i = 0; i < 50; i++) await expectTalk(...(pairs[1] as [Peer, Peer]))
    expect([third.socket.bytesRead, proxy.total(Total.accepted)]).toEqual([0, 2])

    await proxy.engine.order('tune', tuning({}, 2))
    expect(await third.readHex(2)).toBe('0500')
    await expectReply(third, succeeded)
    await expectTalk(...(pairs[1] as [Peer, Peer]))
  })

  it('serves no more at once than it has made room for', async () => {
    const proxy = await startProxy(start, { maxSessions: 1, capacity: 2 })
    expect(proxy.engine.capacity).toBe(2)
    await proxy.engine.order('tune', tuning({}, 1000))
    const target = await startTarget()
    const pairs = [await openPair(proxy, target), await openPair(proxy, target)]
    const third = await proxy.client()
    third.write(greeting)
    for (let i = 0; i < 50; i++) for (const pair of pairs) await expectTalk(...pair)
    expect([third.socket.bytesRead, proxy.total(Total.accepted)]).toEqual([0, 2])
    pairs[0]?.[0].reset()
    expect(await third.readHex(2)).toBe('0500')
  })
})
