import { createHash, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Total } from '../../daemon/engine/session-table.ts'
import { alice, engines, type ProxyUnderTest, sharedProxy, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { shortDeadline } from '../helpers/patience.ts'
import type { Peer } from '../helpers/peer.ts'
import { startTarget, type Target } from '../helpers/target.ts'

const mebibyte = 1024 * 1024

const hash = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

async function openPair(proxy: ProxyUnderTest, target: Target): Promise<[Peer, Peer]> {
  const client = await proxy.open(target.host, target.port)
  return [client, await target.next()]
}

/** Both ways to send, as [sender, receiver] of a pair. */
const directions: readonly [string, (pair: [Peer, Peer]) => [Peer, Peer]][] = [
  ['up', ([client, peer]) => [client, peer]],
  ['down', ([client, peer]) => [peer, client]],
]

describe.each(engines)('$kind engine: relay', ({ start }) => {
  const shared = sharedProxy(start)

  it('moves megabytes both ways at once, and counts them', async () => {
    const proxy = await startProxy(start, { passwordRequired: true })
    const target = await startTarget()
    const client = await proxy.openAsAlice('127.0.0.1', target.port)
    const peer = await target.next()
    const up = randomBytes(12 * mebibyte)
    const down = randomBytes(16 * mebibyte + 1)
    client.write(up)
    peer.write(down)
    client.finish()
    peer.finish()
    const [received, sent] = await Promise.all([client.readToEnd(), peer.readToEnd()])
    expect([hash(received), hash(sent)]).toEqual([hash(down), hash(up)])

    await proxy.empty()
    expect([proxy.total(Total.up), proxy.total(Total.down)]).toEqual([up.length, down.length])
    expect(proxy.userBytes(alice.index)).toEqual({ up: up.length, down: down.length })
    expect(proxy.userBytes(0)).toEqual({ up: 0, down: 0 })
    expect(proxy.userSessions(alice.index)).toBe(0)
  })

  it('serves many clients at once', async () => {
    const proxy = await shared()
    const target = await startTarget()
    const count = 100
    const data = randomBytes(100_000)
    const echo = async () => {
      const peer = await target.next()
      peer.write(await peer.readToEnd())
      peer.finish()
    }
    const ask = async () => {
      const client = await proxy.open('one.test', target.port)
      client.write(data)
      client.finish()
      return hash(await client.readToEnd())
    }
    const answers = await Promise.all(Array.from({ length: count }, () => Promise.all([ask(), echo()])))
    expect(new Set(answers.map(([answer]) => answer))).toEqual(new Set([hash(data)]))
    await proxy.empty()
    expect(proxy.total(Total.connected)).toBe(count)
    expect([proxy.total(Total.up), proxy.total(Total.down)]).toEqual([count * data.length, count * data.length])
  })

  it.each(directions)('shows the bytes of a live session: %s', async (direction, order) => {
    const proxy = await shared()
    const [sender, receiver] = order(await openPair(proxy, await startTarget()))
    sender.write('12345')
    await receiver.read(5)
    const moved = { up: 0, down: 0, [direction]: 5 }
    await eventually(() => expect(proxy.rows()).toMatchObject([moved]))
  })

  it.each(directions)('stops reading for a receiver that does not read: %s', async (direction, order) => {
    const proxy = await shared()
    const [sender, receiver] = order(await openPair(proxy, await startTarget()))
    const chunk = randomBytes(mebibyte)
    const chunks = 96
    let taken = 0
    for (let i = 0; i < chunks; i++) sender.socket.write(chunk, () => taken++)
    // Kernels buffer some megabytes a hop: it has stopped when a while brings nothing more.
    for (let before = -1; before !== taken; await setTimeout(400)) before = taken
    expect(taken).toBeLessThan(chunks / 2)

    sender.finish()
    const expected = createHash('sha256')
    for (let i = 0; i < chunks; i++) expected.update(chunk)
    expect(hash(await receiver.readToEnd())).toBe(expected.digest('hex'))
    await eventually(() => expect(proxy.total(direction === 'up' ? Total.up : Total.down)).toBe(chunks * chunk.length))
  })

  it.each(directions)('goes on one way when the other has finished: %s first', async (_, order) => {
    const proxy = await shared()
    const [first, second] = order(await openPair(proxy, await startTarget()))
    first.write('question')
    first.finish()
    expect(await second.readTextToEnd()).toBe('question')
    second.write(Buffer.alloc(mebibyte, 'answer'))
    second.finish()
    expect((await first.readToEnd()).length).toBe(mebibyte)
    expect(await Promise.all([first.ending, second.ending])).toEqual(['closed', 'closed'])
    await proxy.empty()
  })

  it.each(directions)('passes on an RST, and what was said before it: %s', async (_, order) => {
    const proxy = await shared()
    const [sender, receiver] = order(await openPair(proxy, await startTarget()))
    sender.write('partial')
    expect(await receiver.readText(7)).toBe('partial')
    sender.reset()
    expect(await receiver.discard()).toBe('ECONNRESET')
    await proxy.empty()
  })

  it.each(directions)('passes on an RST from a side that the other has finished with: %s', async (_, order) => {
    const proxy = await shared()
    const [sender, receiver] = order(await openPair(proxy, await startTarget()))
    receiver.finish()
    expect(await sender.readTextToEnd()).toBe('')
    sender.reset()
    expect(await receiver.discard()).toBe('ECONNRESET')
    await proxy.empty()
  })

  it.each(directions)('ends the sender when the receiver is gone: %s', async (_, order) => {
    const proxy = await shared()
    const [sender, receiver] = order(await openPair(proxy, await startTarget()))
    sender.write(Buffer.alloc(64 * mebibyte))
    await receiver.read(1)
    receiver.socket.destroy()
    expect(await sender.discard()).not.toBe('FIN')
    await proxy.empty()
  })

  it('ends a session neither side of which takes anything any more', async () => {
    const proxy = await shared()
    const [client, peer] = await openPair(proxy, await startTarget())
    peer.write(new Uint8Array(32 * mebibyte))
    await eventually(() => expect(proxy.total(Total.down)).toBeGreaterThan(0))
    peer.reset()
    client.write('are you there?')
    client.reset()
    await proxy.empty()
  })

  it('lets nobody take a stream that a deadline has ended for a whole one', async () => {
    const proxy = await startProxy(start, { timeouts: { idle: 500 } })
    const [client, peer] = await openPair(proxy, await startTarget())
    peer.write(new Uint8Array(64 * mebibyte))
    peer.finish()
    await proxy.empty()
    expect(await client.discard()).toBe('ECONNRESET')
  })

  it('leaves a client that reads slowly the rest of a stream that is whole, though the session has had its time', async () => {
    const proxy = await startProxy(start, { timeouts: { halfClosed: shortDeadline } })
    const [client, peer] = await openPair(proxy, await startTarget())
    peer.write(new Uint8Array(mebibyte))
    peer.finish()
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'idle' })
    expect((await client.readToEnd()).length).toBe(mebibyte)
    expect(await peer.discard()).toBe('ECONNRESET')
  })

  it('ends a session that has been idle for too long, and no other', async () => {
    const proxy = await startProxy(start, { timeouts: { idle: 1_500 } })
    const target = await startTarget()
    const [busy, busyPeer] = await openPair(proxy, target)
    const [idle, idlePeer] = await openPair(proxy, target)
    let over = false
    const ended = Promise.all([idle.discard(), idlePeer.discard()]).then(() => {
      over = true
    })
    while (!over) {
      busy.write('ping')
      await busyPeer.read(4)
      await setTimeout(20)
    }
    await ended
    busyPeer.write('pong')
    expect(await busy.readText(4)).toBe('pong')
  })

  it.each(directions)('ends a session half of which has been over for too long: %s', async (_, order) => {
    const proxy = await startProxy(start, { timeouts: { halfClosed: shortDeadline } })
    const [first, second] = order(await openPair(proxy, await startTarget()))
    first.finish()
    expect(await second.readTextToEnd()).toBe('')
    await first.discard()
    await proxy.empty()
  })
})
