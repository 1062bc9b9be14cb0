import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { tickLength } from '../../daemon/engine/shared/buckets.ts'
import { eachSource, everybody } from '../../daemon/engine/shared/limit-lines.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { openDatagrams, wrapped } from '../helpers/datagrams.ts'
import { alice, engines, type Options, oneLoop, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import type { Peer } from '../helpers/peer.ts'
import { expectReply, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'
import { startUdpEcho } from '../helpers/udp-echo.ts'

/** What a bucket of a low rate holds. */
const depth = 65_536
/** Milliseconds that so many bytes take at least: the first tick counts as a whole. */
const shortest = (bytes: number, rate: number) => ((bytes - depth) / rate) * 1000 - tickLength
/** A rate at which a test that waits for more than the bucket holds has failed. */
const crawl = 100

/** Alice's sessions, each with its client's end and its target's. */
async function openPairs(
  proxy: ProxyUnderTest,
  count: number,
  open = (host: string, port: number) => proxy.openAsAlice(host, port),
): Promise<{ client: Peer; peer: Peer }[]> {
  const target = await startTarget()
  const pairs = []
  for (let i = 0; i < count; i++) {
    const client = await open(target.host, target.port)
    pairs.push({ client, peer: await target.next() })
  }
  return pairs
}

describe.each(engines)('$kind engine: a rate', ({ start }) => {
  it.each([
    { direction: 'up', limits: { rateUp: 200_000 } },
    { direction: 'down', limits: { rateDown: 200_000 } },
  ])('is kept $direction, and every byte comes', async ({ direction, limits }) => {
    const proxy = await startProxy(start, { passwordRequired: true })
    await proxy.limit(alice.index, limits)
    const [{ client, peer } = expect.fail()] = await openPairs(proxy, 1)
    const [from, to] = direction === 'up' ? [client, peer] : [peer, client]
    const words = randomBytes(300_000)
    const began = performance.now()
    from.write(words)
    from.finish()
    expect((await to.readToEnd()).equals(words)).toBe(true)
    expect(performance.now() - began).toBeGreaterThan(shortest(words.length, 200_000))
    to.finish()
    await from.readToEnd()
    expect((await proxy.onlyClosed()).pacedFor).toBeGreaterThan(500)
  })

  it.each([
    { whose: 'a user', line: alice.index },
    { whose: 'a source', line: eachSource },
    { whose: 'everybody', line: everybody },
  ])('of $whose is for all flows together', async ({ line }) => {
    const proxy = await startProxy(start, { passwordRequired: true })
    await proxy.limit(line, { rateDown: 200_000 })
    const pairs = await openPairs(proxy, 4)
    const words = randomBytes(75_000)
    const began = performance.now()
    for (const { peer } of pairs) peer.write(words)
    await Promise.all(pairs.map(({ client }) => client.read(words.length)))
    expect(performance.now() - began).toBeGreaterThan(shortest(4 * words.length, 200_000))
  })

  describe('that lets nothing more pass for an hour', () => {
    const standstill = { rateUp: 1, rateDown: 1 }

    /** A pair of alice's whose client has said more than may pass, and waits with the rest, and one that has said nothing. */
    async function waiting(speaks: 'client' | 'peer', timeouts: Options['timeouts'] = {}) {
      const proxy = await startProxy(oneLoop(start), { passwordRequired: true, timeouts })
      await proxy.limit(alice.index, standstill)
      const pairs = await openPairs(proxy, 2)
      const [slow = expect.fail(), silent = expect.fail()] = pairs.map(({ client, peer }) =>
        speaks === 'client' ? { from: client, to: peer } : { from: peer, to: client },
      )
      slow.from.write(Buffer.alloc(depth + 10_000))
      await eventually(() => expect(proxy.rows().filter(({ paced }) => paced === 'user')).toHaveLength(1))
      return { proxy, slow, silent }
    }

    it.each([
      { direction: 'up', limits: { rateUp: 10_000_000 } },
      { direction: 'down', limits: { rateDown: 10_000_000 } },
    ])('lets all who wait go on $direction once it is raised', async ({ direction, limits }) => {
      const proxy = await startProxy(start, { passwordRequired: true })
      await proxy.limit(alice.index, standstill)
      const pairs = (await openPairs(proxy, 3)).map(({ client, peer }) =>
        direction === 'up' ? { from: client, to: peer } : { from: peer, to: client },
      )
      for (const { from } of pairs) from.write(Buffer.alloc(2 * depth))
      await eventually(() => expect(proxy.rows().map(({ paced }) => paced)).toEqual(['user', 'user', 'user']))
      await proxy.limit(alice.index, limits)
      await Promise.all(pairs.map(({ to }) => to.read(2 * depth)))
    })

    describe.each(['client', 'peer'] as const)('with a %s', (speaks) => {
      it('passes on the end of a side that has said nothing more', async () => {
        const { silent } = await waiting(speaks)
        silent.from.finish()
        await silent.to.readToEnd()
        silent.to.finish()
        await silent.from.readToEnd()
      })

      it('ends the session of a side that resets', async () => {
        const { proxy, silent } = await waiting(speaks)
        silent.from.reset()
        expect(await silent.to.discard()).toBe('ECONNRESET')
        expect(await proxy.onlyClosed()).toMatchObject({ reason: 'reset' })
      })

      it('tells whoever writes to a side that has reset, and whose rest waits', async () => {
        const { proxy, slow } = await waiting(speaks)
        slow.from.reset()
        await eventually(() => {
          slow.to.write('x')
          expect(proxy.closed()).toMatchObject([{ reason: 'reset' }])
        })
        expect(await slow.to.discard()).toBe('ECONNRESET')
      })

      it('gives the rest of a side that has reset no more time than others have', async () => {
        const { proxy, slow } = await waiting(speaks, { halfClosed: 300 })
        slow.from.reset()
        expect(await slow.to.discard()).toBe('ECONNRESET')
        expect(await proxy.onlyClosed()).toMatchObject({ reason: 'reset' })
      })
    })
  })

  it('keeps nobody else waiting, nor the other direction', async () => {
    const proxy = await startProxy(start)
    await proxy.limit(alice.index, { rateUp: crawl, rateDown: crawl })
    await proxy.limit(0, { rateDown: crawl })
    const target = await startTarget()
    const client = await proxy.open(target.host, target.port)
    const peer = await target.next()
    peer.write(new Uint8Array(4 * depth))
    await eventually(() => expect(proxy.rows()).toMatchObject([{ paced: 'user' }]))
    client.write(new Uint8Array(4 * depth))
    await peer.read(4 * depth)
  })

  it('of a source is for each by itself', async () => {
    const proxy = await startProxy(start)
    await proxy.limit(eachSource, { rateDown: crawl })
    const target = await startTarget()
    for (const via of ['127.0.0.1', '::1']) {
      const client = await proxy.open(target.host, target.port, via)
      const peer = await target.next()
      peer.write(new Uint8Array(2 * depth))
      await client.read(depth - 8192)
    }
    await eventually(() => expect(proxy.rows().map(({ paced }) => paced)).toEqual(['source', 'source']))
    await proxy.limit(eachSource, {})
    await eventually(() => expect(proxy.rows().map(({ down }) => down)).toEqual([2 * depth, 2 * depth]))
  })

  it('is kept by what comes with the request, too', async () => {
    const proxy = await startProxy(start, { passwordRequired: true })
    await proxy.limit(alice.index, { rateUp: crawl })
    const target = await startTarget()
    const began = performance.now()
    const early = new Uint8Array(1_500)
    for (let i = 0; i < 60; i++) {
      const client = await proxy.clientAsAlice()
      client.write(bytes(request(target.host, target.port), early))
      client.finish()
      await expectReply(client, succeeded)
    }
    await eventually(() => expect(proxy.rows().some(({ paced }) => paced === 'user')).toBe(true))
    const { up } = proxy.userBytes(alice.index)
    expect(up).toBeLessThanOrEqual(depth + (crawl * (performance.now() - began + tickLength)) / 1000)
    // And comes, once it may.
    await proxy.limit(alice.index, {})
    await eventually(() => expect(proxy.userBytes(alice.index).up).toBe(60 * early.length))
  })

  it('of datagrams drops what goes beyond it, each way', async () => {
    const proxy = await startProxy(start, { passwordRequired: true })
    const echo = await startUdpEcho()
    const control = await proxy.clientAsAlice()
    control.write(request('0.0.0.0', 0, Command.udpAssociate))
    const relay = await expectReply(control, succeeded)
    const socket = await openDatagrams()
    const datagram = wrapped(echo.host, echo.port, new Uint8Array(1_000))
    const dropped = () => proxy.engine.tables.reduce((all, { dropped }) => all + dropped.reduce((a, b) => a + b), 0)
    for (const [way, limits] of [
      ['up', { rateUp: crawl }],
      ['down', { rateDown: crawl }],
    ] as const) {
      await proxy.limit(alice.index, limits)
      const [passed, lost, began] = [proxy.userBytes(alice.index)[way], dropped(), performance.now()]
      await eventually(async () => {
        for (let i = 0; i < 10; i++) await socket.send(datagram, relay.port, relay.address)
        expect(dropped() - lost).toBeGreaterThan(20)
      })
      const came = proxy.userBytes(alice.index)[way] - passed
      expect(came).toBeLessThanOrEqual(depth + (crawl * (performance.now() - began + tickLength)) / 1000)
    }
    expect(proxy.rows()).toMatchObject([{ paced: 'user' }])
  })

  it('leaves with the sender what has to wait', async () => {
    const proxy = await startProxy(start, { passwordRequired: true })
    await proxy.limit(alice.index, { rateDown: crawl })
    const [{ peer } = expect.fail()] = await openPairs(proxy, 1)
    peer.write(new Uint8Array(64 * 1024 * 1024))
    await eventually(() => expect(proxy.rows()).toMatchObject([{ paced: 'user' }]))
    expect(proxy.rows()[0]?.down).toBeLessThanOrEqual(depth)
    expect(peer.socket.writableLength).toBeGreaterThan(32 * 1024 * 1024)
  })

  it('may change while flows wait, begin and cease in their middle', async () => {
    const proxy = await startProxy(start, { passwordRequired: true })
    const [{ client, peer } = expect.fail()] = await openPairs(proxy, 1)
    peer.write(new Uint8Array(16 * depth))
    await client.read(16 * depth)
    await proxy.limit(alice.index, { rateDown: crawl })
    peer.write(new Uint8Array(16 * depth))
    await eventually(() => expect(proxy.rows()).toMatchObject([{ paced: 'user' }]))
    await proxy.limit(everybody, { rateDown: crawl / 2 })
    await proxy.limit(alice.index, { rateDown: 10_000_000 })
    await eventually(() => expect(proxy.rows()).toMatchObject([{ paced: 'everybody' }]))
    await proxy.limit(everybody, {})
    await client.read(16 * depth)
    await proxy.limit(alice.index, {})
    peer.write('more')
    expect(await client.readText(4)).toBe('more')
    await eventually(() => expect(proxy.rows()).toMatchObject([{ paced: 'nobody' }]))
  })

  it('lets nobody age towards idle who waits for it', async () => {
    const proxy = await startProxy(start, { passwordRequired: true, timeouts: { idle: 1_000 } })
    await proxy.limit(alice.index, { rateDown: 2_000 })
    const [{ client, peer } = expect.fail()] = await openPairs(proxy, 1)
    peer.write(new Uint8Array(depth + 4_000))
    peer.finish()
    expect(await client.readToEnd()).toHaveLength(depth + 4_000)
    client.finish()
    await proxy.empty()
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'finished', down: depth + 4_000 })
  })

  it.each([
    { whose: 'a user', line: alice.index, paced: 'user', passwordRequired: true },
    { whose: 'a source', line: eachSource, paced: 'source', passwordRequired: false },
  ])('of $whose keeps nobody waiting for those who have gone', async ({ line, paced, passwordRequired }) => {
    const proxy = await startProxy(start, { passwordRequired })
    await proxy.limit(line, { rateUp: 10_000, rateDown: 10_000 })
    const open = passwordRequired ? proxy.openAsAlice : proxy.open
    const pairs = await openPairs(proxy, 10, open.bind(proxy))
    const writers = pairs.map(({ client, peer }, i) => (i % 2 === 0 ? client : peer))
    for (const writer of writers) writer.write(new Uint8Array(4 * depth))
    await eventually(() => expect(proxy.rows().every((row) => row.paced === paced)).toBe(true))
    for (const [i, { client, peer }] of pairs.entries()) (i % 2 === 0 ? peer : client).reset()
    await proxy.empty()
    const [{ client, peer } = expect.fail()] = await openPairs(proxy, 1, open.bind(proxy))
    peer.write('at last')
    expect(await client.readText(7)).toBe('at last')
  })
})
