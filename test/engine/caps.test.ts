import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Reason, Total } from '../../daemon/engine/session-table.ts'
import { eachSource, type LineLimits } from '../../daemon/engine/shared/limit-lines.ts'
import { parseNetwork } from '../../daemon/net/network.ts'
import { alice, engines, eventually, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import type { Peer } from '../helpers/peer.ts'
import { expectReply, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

const notAllowed = '02'

/** An engine where alice has to log in, and what is asked of it for her. */
async function startLimited(start: (typeof engines)[number]['start']) {
  const proxy = await startProxy(start, { passwordRequired: true })
  const { lines } = proxy
  const limit = (line: number, limits: Partial<LineLimits>) => proxy.limit(line, limits)
  const target = await startTarget()
  /** A client of alice's that asks to be connected, and what it hears. */
  const ask = async (reply: string, from = '127.0.0.1'): Promise<Peer> => {
    const client = await proxy.clientAsAlice(from)
    client.write(request(target.host, target.port))
    await expectReply(client, reply)
    return client
  }
  const leave = async (client: Peer) => {
    client.reset()
    await client.ending
  }
  return { proxy, lines, target, limit, ask, leave }
}

/** What becomes of a client who says nothing. */
async function comeAndGo(proxy: ProxyUnderTest): Promise<string> {
  // It may be reset before it knows that it is connected.
  return proxy.client().then(
    ({ ending }) => ending,
    ({ code }) => code,
  )
}

describe.each(engines)('$kind engine: limits of connections', ({ start }) => {
  it('a user has as many as may be, and again when some have left', async () => {
    const { proxy, lines, limit, ask, leave } = await startLimited(start)
    await limit(alice.index, { maxConnections: 2 })
    const [first] = [await ask(succeeded), await ask(succeeded)]
    const refused = await ask(notAllowed)
    refused.finish()
    expect(await refused.discard()).toBe('FIN')
    await eventually(() => expect(proxy.ended(Reason.limitUser)).toBe(1))
    expect([lines.live(alice.index), lines.refusals(alice.index)]).toEqual([2, 1])
    await leave(first)
    await eventually(() => expect(lines.live(alice.index)).toBe(1))
    await ask(succeeded)
  })

  it('a source has as many as may be, and is reset before the greeting', async () => {
    const { proxy, lines, limit, leave } = await startLimited(start)
    await limit(eachSource, { maxConnections: 2 })
    const clients = [await proxy.client(), await proxy.client()]
    await eventually(() => expect(proxy.rows()).toHaveLength(2))
    expect(await comeAndGo(proxy)).toBe('ECONNRESET')
    await eventually(() => expect([proxy.ended(Reason.limitSource), lines.refusals(eachSource)]).toEqual([1, 1]))
    // Another source has its own.
    await proxy.client('::1')
    for (const client of clients) await leave(client)
    await eventually(() => expect(proxy.rows()).toHaveLength(1))
    await proxy.client()
    await eventually(() => expect(proxy.rows()).toHaveLength(2))
  })

  it('a source comes as often as may be', async () => {
    const { proxy, limit } = await startLimited(start)
    await limit(eachSource, { connectRate: 3 })
    const comings = Array.from({ length: 30 }, () => comeAndGo(proxy))
    expect(await Promise.race(comings)).toBe('ECONNRESET')
    await eventually(() => expect(proxy.total(Total.accepted)).toBe(30))
    await eventually(() => expect(proxy.rows().length).toBe(30 - proxy.ended(Reason.rate)))
    expect(proxy.ended(Reason.rate)).toBeGreaterThan(10)
    expect(proxy.rows().length).toBeGreaterThanOrEqual(3)
  })

  it('a user comes from as many sources as may be; the newcomer is refused', async () => {
    const { proxy, lines, limit, ask, leave } = await startLimited(start)
    await limit(alice.index, { maxSources: 1 })
    const [here] = [await ask(succeeded), await ask(succeeded)]
    await ask(notAllowed, '::1')
    await eventually(() => expect(proxy.ended(Reason.sources)).toBe(1))
    await leave(here)
    await ask(notAllowed, '::1')
    expect(lines.sources(alice.index)).toBe(1)
    await limit(alice.index, { maxSources: 2 })
    await ask(succeeded, '::1')
    expect(lines.sources(alice.index)).toBe(2)
  })

  it('a limit of sources counts those that are there when it is set', async () => {
    const { lines, limit, ask } = await startLimited(start)
    await ask(succeeded)
    await limit(alice.index, { maxSources: 1 })
    expect(lines.sources(alice.index)).toBe(1)
    await ask(notAllowed, '::1')
  })

  it('a user comes from some networks only', async () => {
    const { proxy, ask } = await startLimited(start)
    const there = await ask(succeeded, '::1')
    const here = await ask(succeeded)
    const sources = new Map([[alice.index, [parseNetwork('127.0.0.0/8')]]])
    expect(await proxy.engine.order('apply', { sources })).toHaveLength(1)
    expect(await there.ending).toBe('ECONNRESET')
    await ask(notAllowed, '::1')
    await eventually(() => expect(proxy.ended(Reason.sources)).toBe(2))
    await ask(succeeded)
    expect(here.socket.destroyed).toBe(false)
  })

  it('who is barred is cut, and gets in no more', async () => {
    const { proxy, lines, limit, ask } = await startLimited(start)
    const client = await ask(succeeded)
    lines.bar(alice.index, Reason.expired)
    expect(await proxy.engine.order('limit', undefined)).toHaveLength(1)
    expect(await client.ending).toBe('ECONNRESET')
    await ask(notAllowed)
    await eventually(() => expect(proxy.ended(Reason.expired)).toBe(2))
    lines.bar(alice.index, undefined)
    await ask(succeeded)
    await limit(alice.index, {})
  })

  it('a quota ends connections when it is used up, and no more than a turn later', async () => {
    const { proxy, lines, target, ask } = await startLimited(start)
    lines.setQuota(alice.index, 3_000)
    const [busy, idle] = [await ask(succeeded), await ask(succeeded)]
    const origin = await target.next()
    const flood = setInterval(() => origin.socket.writableNeedDrain || origin.write(Buffer.alloc(256 * 1024)), 1)
    const endings = await Promise.all([busy.discard(), idle.discard()])
    clearInterval(flood)
    expect(endings).toEqual(['ECONNRESET', 'ECONNRESET'])
    await proxy.empty()
    expect(proxy.ended(Reason.quota)).toBe(2)
    const { down } = proxy.userBytes(alice.index)
    expect(down).toBeGreaterThanOrEqual(3_000 * 1024)
    expect(down).toBeLessThanOrEqual(3_000 * 1024 + 1024 * 1024)
    await ask(notAllowed)
    lines.setQuota(alice.index, 3_000)
    await ask(succeeded)
  })

  it('a quota that slows down when it is used up ends nothing', async () => {
    const { proxy, lines, target, limit, ask } = await startLimited(start)
    lines.setQuota(alice.index, 100)
    await limit(alice.index, { over: 20_000 })
    const client = await ask(succeeded)
    const origin = await target.next()
    origin.write(Buffer.alloc(16 * 1024 * 1024))
    await client.read(200 * 1024)
    await eventually(() => expect(proxy.engine.tables.some((table) => table.paced.includes(1))).toBe(true))
    await ask(succeeded)
    expect(proxy.ended(Reason.quota)).toBe(0)
    client.reset()
    origin.reset()
  })

  it('datagrams over the rate are dropped, and counted', async () => {
    const { proxy, limit } = await startLimited(start)
    await limit(alice.index, { rateUp: 1_000 })
    const echo = createSocket('udp4').bind(0, '127.0.0.1')
    await once(echo, 'listening')
    let came = 0
    echo.on('message', () => came++)
    const control = await proxy.clientAsAlice()
    control.write(Buffer.from([5, 3, 0, 1, 0, 0, 0, 0, 0, 0]))
    const reply = await control.read(10)
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const datagram = Buffer.alloc(10 + 1_000)
    datagram.set([0, 0, 0, 1, 127, 0, 0, 1])
    datagram.writeUInt16BE(echo.address().port, 8)
    const dropped = () => proxy.engine.tables.reduce((all, table) => all + table.dropped.reduce((a, b) => a + b), 0)
    // What comes faster than it is read the kernel drops by itself.
    await eventually(() => {
      for (let i = 0; i < 10; i++) socket.send(datagram, reply.readUInt16BE(8), '127.0.0.1')
      expect(dropped()).toBeGreaterThan(50)
    })
    expect(came).toBeGreaterThan(0)
    expect(came).toBeLessThan(100)
    socket.close()
    echo.close()
    control.reset()
  })
})
