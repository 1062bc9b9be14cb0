import { describe, expect, it } from 'vitest'
import { Reason, Total } from '../../daemon/engine/session-table.ts'
import { type SilentClient, toMakeRoom } from '../../daemon/engine/shared/silent-clients.ts'
import { startLinux } from '../../daemon/engine/start.ts'
import { bytes } from '../helpers/bytes.ts'
import { engines, oneLoop, type ProxyUnderTest, patience, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

const crowd = 12
/** An address that nobody else connects from, so that a port of it can be had again. */
const source = '127.0.0.77'

describe('clients that say nothing make room', () => {
  const clients = (source: string, count: number, since: number): SilentClient[] =>
    Array.from({ length: count }, (_, i) => ({ source, since: since + i }))

  it('first those of whoever has most of them, the oldest first, until sources are level', () => {
    const [few, many] = [clients('few', 2, 0), clients('many', 10, 100)]
    expect(toMakeRoom([...few, ...many], 2_000)).toEqual(many.slice(0, 3))
    expect(toMakeRoom([...few, ...many.slice(8)], 2_000)).toHaveLength(1)
  })

  it('but none who has had less than a second', () => {
    expect(toMakeRoom(clients('many', 10, 100), 1_099)).toEqual([])
    expect(toMakeRoom(clients('many', 10, 100), 1_100)).toEqual(clients('many', 1, 100))
  })
})

describe.each(engines)('$kind engine: with every place taken by clients that say nothing', ({ start }) => {
  it.each([
    ['nothing at all', new Uint8Array(0)],
    ['less than a greeting', bytes(5)],
    ['a greeting', greeting],
  ])('others are served: %s', async (_, said) => {
    const target = await startTarget()
    const proxy = await startProxy(start, { maxSessions: crowd })
    const silent = await Promise.all(Array.from({ length: crowd }, () => connectPeer('127.0.0.1', proxy.port)))
    for (const client of silent) if (said.length > 0) client.write(said)
    await eventually(() => expect(proxy.rows()).toHaveLength(crowd))
    const client = await connectPeer('127.0.0.1', proxy.port, '127.0.0.2')
    client.write(bytes(greeting, request(target.host, target.port)))
    expect(await client.readHex(2)).toBe('0500')
    await expectReply(client, succeeded)
    expect(proxy.ended(Reason.silent)).toBeGreaterThan(0)
    expect(proxy.ended(Reason.silent)).toBeLessThan(crowd)
    expect(proxy.total(Total.shedSilent)).toBe(proxy.ended(Reason.silent))
  })

  it('they go whichever loop they are in, and nobody who has asked for something', async () => {
    const target = await startTarget()
    const proxy = await startProxy(start)
    const served = await proxy.open(target.host, target.port)
    const loop = await loopOf(proxy, served)
    const others = proxy.engine.tables.map((_, index) => index).filter((index) => index !== loop)
    const early = await comeTo(proxy, [loop])
    const { localPort } = early.socket
    await leave(proxy, early)
    const silent = await comeTo(proxy, others.length > 0 ? others : [loop])
    await proxy.engine.order('tune', { maxSessions: 2, timeouts: patience, liveness: { keepalive: 0, userTimeout: 0 } })
    // Who comes from where another one came from comes to the same loop.
    const next = await connectPeer('127.0.0.1', proxy.port, source, localPort)
    next.write(bytes(greeting, request(target.host, target.port)))
    expect(await next.readHex(2)).toBe('0500')
    await expectReply(next, succeeded)
    await silent.discard()
    expect(await loopOf(proxy, next)).toBe(loop)
    const peer = await target.next()
    served.write('still here')
    expect(await peer.readText(10)).toBe('still here')
  })
})

describe.skipIf(process.platform !== 'linux')('Linux engine: with every place taken by a silent crowd', () => {
  const waiting = 100

  it.each([
    ['one address', ['127.0.0.3']],
    ['two addresses by turns', ['127.0.0.3', '127.0.0.4']],
  ])('one of another address does not wait for all of it that came before: %s', async (_, sources) => {
    const target = await startTarget()
    const proxy = await startProxy(oneLoop(startLinux), { maxSessions: crowd })
    const comers = Array.from({ length: crowd + waiting }, (_, i) => sources[i % sources.length])
    await Promise.all(comers.map((source) => connectPeer('127.0.0.1', proxy.port, source)))
    const client = await connectPeer('127.0.0.1', proxy.port, '127.0.0.2')
    client.write(bytes(greeting, request(target.host, target.port)))
    expect(await client.readHex(2)).toBe('0500')
    await expectReply(client, succeeded)
    expect(proxy.total(Total.accepted)).toBeLessThan(crowd + waiting / 2)
    // All who came before, and that one.
    expect(proxy.total(Total.accepted) + proxy.total(Total.shedNewcomers)).toBe(crowd + waiting + 1)
  })

  it('a few are no crowd: who comes from their address waits until he is served', async () => {
    const target = await startTarget()
    const proxy = await startProxy(oneLoop(startLinux), { maxSessions: crowd })
    const [few, many] = [2, crowd - 2]
    const served = await Promise.all(Array.from({ length: many }, () => proxy.open(target.host, target.port)))
    await Promise.all(Array.from({ length: few }, () => proxy.client()))
    const clients = await Promise.all(Array.from({ length: 2 * few }, () => proxy.client()))
    for (const client of clients) client.write(bytes(greeting, request(target.host, target.port)))
    await eventually(() => expect(proxy.ended(Reason.silent)).toBe(few))
    for (const client of served) client.reset()
    for (const client of clients) {
      expect(await client.readHex(2)).toBe('0500')
      await expectReply(client, succeeded)
    }
  })
})

/** The loop that a client has come to, by its number, once it has. */
function loopOf({ engine }: ProxyUnderTest, { socket: { localPort } }: Peer): Promise<number> {
  return eventually(() => {
    const index = engine.tables.findIndex(({ capacity, serial, clientPort }) =>
      serial.subarray(0, capacity).some((live, slot) => live !== 0 && clientPort[slot] === localPort),
    )
    expect(index).toBeGreaterThanOrEqual(0)
    return index
  })
}

/** A silent client of one of these loops, beside one that is served. */
async function comeTo(proxy: ProxyUnderTest, loops: readonly number[]): Promise<Peer> {
  for (;;) {
    const client = await connectPeer('127.0.0.1', proxy.port, source)
    if (loops.includes(await loopOf(proxy, client))) return client
    await leave(proxy, client)
  }
}

async function leave(proxy: ProxyUnderTest, client: Peer): Promise<void> {
  client.reset()
  await eventually(() => expect(proxy.rows()).toHaveLength(1))
}
