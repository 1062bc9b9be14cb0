import { describe, expect, it } from 'vitest'
import { State, Total } from '../../daemon/engine/session-table.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { enginesOfOneLoop, type ProxyUnderTest, sharedProxy, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { linkLocal } from '../helpers/link-local.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { expectRefusal, expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

interface Place {
  readonly address: string
  readonly port: number
}

/** A client that has asked for BIND, and where the proxy listens for its peer. */
async function bind(proxy: ProxyUnderTest, host: string, port = 0, via?: string): Promise<[Peer, Place]> {
  const client = await proxy.client(via)
  client.write(bytes(greeting, request(host, port, Command.bind)))
  expect(await client.readHex(2)).toBe('0500')
  return [client, await expectReply(client, succeeded)]
}

/** Connects as a peer would, perhaps from a certain address of ours. */
function come({ address, port }: Place, localAddress?: string): Promise<Peer> {
  return connectPeer(address, port, localAddress)
}

/** How one who comes from this address and port ends. */
async function fate({ address, port }: Place, localAddress: string, localPort?: number): Promise<string> {
  try {
    return await (await connectPeer(address, port, localAddress, localPort)).discard()
  } catch (error) {
    // It may be sent away before it knows that it is connected.
    return (error as NodeJS.ErrnoException).code ?? ''
  }
}

describe.each(enginesOfOneLoop)('$kind engine: BIND', ({ start }) => {
  const shared = sharedProxy(start)

  it.each([
    ['an IPv4 address', '127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['an IPv6 address', '::1', '127.0.0.1', '::1'],
    ['nobody in particular, on the way the client came', '0.0.0.0', '::1', '::1'],
    ['nobody in particular, by IPv6 zeros', '::', '127.0.0.1', '127.0.0.1'],
    ['a name', 'one.test', '127.0.0.1', '127.0.0.1'],
    ['a name of both families, on the first', 'both.test', '127.0.0.1', '::1'],
  ])('listens for %s, tells who came, and relays', async (_, host, via, reachedAt) => {
    const proxy = await shared()
    const [client, place] = await bind(proxy, host, 0, via)
    expect(place.address).toBe(reachedAt)
    expect(place.port).toBeGreaterThan(0)
    expect(proxy.rows()).toMatchObject([{ state: State.listening, name: host.endsWith('.test') ? host : '' }])

    const peer = await come(place)
    const local = { address: peer.socket.localAddress, port: peer.socket.localPort }
    expect(await expectReply(client, succeeded)).toEqual(local)
    peer.write('from the peer')
    expect(await client.readText(13)).toBe('from the peer')
    client.write('from the client')
    expect(await peer.readText(15)).toBe('from the client')
    const mapped = reachedAt === '::1' ? '::1' : `::ffff:${reachedAt}`
    const row = { state: State.open, target: `${mapped} ${local.port}`, up: 15, down: 13 }
    await eventually(() => expect(proxy.rows()).toMatchObject([row]))
    expect(proxy.total(Total.connected)).toBe(1)

    client.finish()
    await peer.readToEnd()
    peer.finish()
    await client.readToEnd()
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'finished', timeline: expect.anything() })
    await expect(come(place)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it.skipIf(!linkLocal)('listens for a link-local address of a name on its interface', async () => {
    const address = linkLocal ?? ''
    const proxy = await startProxy(start, { services: { resolve: async () => [address] } })
    const [client, place] = await bind(proxy, 'link-local.test')
    const peer = await connectPeer(address, place.port)
    await expectReply(client, succeeded)
    peer.write('x')
    expect(await client.readText(1)).toBe('x')
  })

  it('goes from state to state', async () => {
    const proxy = await shared()
    const [client, place] = await bind(proxy, 'one.test')
    await come(place)
    await expectReply(client, succeeded)
    client.reset()
    const { timeline } = await proxy.onlyClosed()
    expect(timeline.map(([state]) => state)).toEqual(['negotiating', 'resolving', 'listening', 'open'])
  })

  it('sends others away, and goes on waiting', async () => {
    const proxy = await shared()
    const [client, place] = await bind(proxy, '127.0.0.1', 4242)
    for (let i = 0; i < 40; i++) expect(await fate(place, '127.0.0.2')).toBe('ECONNRESET')
    expect(proxy.rows()).toMatchObject([{ state: State.listening, target: '::ffff:127.0.0.1 4242' }])
    const peer = await come(place, '127.0.0.1')
    expect(await expectReply(client, succeeded)).toEqual({ address: '127.0.0.1', port: peer.socket.localPort })
  })

  it('takes one peer only', async () => {
    const proxy = await shared()
    const [client, place] = await bind(proxy, '127.0.0.1')
    const peer = await come(place)
    await expectReply(client, succeeded)
    await expect(come(place)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    peer.write('still there')
    expect(await client.readText(11)).toBe('still there')
  })

  it('keeps what the client says early for its peer', async () => {
    const proxy = await shared()
    const client = await proxy.client()
    client.write(bytes(greeting, request('127.0.0.1', 0, Command.bind), 'with the request, '))
    expect(await client.readHex(2)).toBe('0500')
    const place = await expectReply(client, succeeded)
    const late = 'and after it. '.repeat(10_000)
    client.write(late)
    const peer = await come(place)
    await expectReply(client, succeeded)
    client.finish()
    expect((await peer.readToEnd()).toString()).toBe(`with the request, ${late}`)
    peer.write('answer')
    peer.finish()
    expect((await client.readToEnd()).toString()).toBe('answer')
  })

  it('waits for as long as it may', async () => {
    const proxy = await startProxy(start, { timeouts: { bind: 300 } })
    const [client, place] = await bind(proxy, '127.0.0.1')
    await expectRefusal(client, '06')
    await expect(come(place)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    client.finish()
    const { reason, timeline } = await proxy.onlyClosed()
    expect([reason, timeline.map(([state]) => state)]).toEqual(['timedOut', ['negotiating', 'listening', 'closing']])
  })

  it.each([
    ['a FIN', (client: Peer) => client.finish(), 'FIN'],
    [
      'a FIN behind something said',
      (client: Peer) => {
        client.write('PASV')
        client.finish()
      },
      'FIN',
    ],
    ['an RST', (client: Peer) => client.reset(), 'closed'],
  ])('stops listening when the client goes with %s', async (_, leave, end) => {
    const proxy = await shared()
    const [client, place] = await bind(proxy, '127.0.0.1')
    leave(client)
    // What it was told may still be on its way, and an RST would overtake that.
    expect(await client.discard()).toBe(end)
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'gone' })
    await expect(come(place)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('stops listening when it is killed', async () => {
    const proxy = await shared()
    const [client, place] = await bind(proxy, '127.0.0.1')
    await proxy.engine.order(
      'kill',
      proxy.rows().map(({ serial }) => serial),
    )
    expect(await client.discard()).toBe('ECONNRESET')
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'failed' })
    await expect(come(place)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it.each([
    ['a name without addresses', 'unknown.test', 80, '04', 'notFound'],
    ['a peer that rules forbid', '127.0.0.1', 9, '02', 'forbidden'],
    ['a name of which they forbid every address', 'one.test', 9, '02', 'forbidden'],
    ['an address that there is no way to', '255.255.255.255', 80, undefined, undefined],
  ])('refuses %s', async (_, host, port, reply, reason) => {
    const proxy = await startProxy(start, { forbidden: [{ address: '127.0.0.1', port: 9 }] })
    const client = await proxy.client()
    client.write(bytes(greeting, request(host, port, Command.bind)))
    expect(await client.readHex(2)).toBe('0500')
    if (reply === undefined) return expect(await client.readHex(2)).not.toBe('0500')
    await expectRefusal(client, reply)
    client.finish()
    expect(await proxy.onlyClosed()).toMatchObject({ reason })
  })

  it('sends away a peer that comes from a forbidden place', async () => {
    // Free on one address, so surely on the next.
    const { port } = await startTarget('127.0.0.3')
    const proxy = await startProxy(start, { forbidden: [{ address: '127.0.0.4', port }] })
    const [client, place] = await bind(proxy, '0.0.0.0')
    expect(await fate(place, '127.0.0.4', port)).toBe('ECONNRESET')
    await come(place, '127.0.0.4')
    await expectReply(client, succeeded)
  })

  it('refuses it where it is switched off', async () => {
    const proxy = await startProxy(start, { commands: [Command.connect] })
    const client = await proxy.client()
    client.write(bytes(greeting, request('127.0.0.1', 80, Command.bind)))
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, '07')
  })

  it('shows its command and lets a drain wait for it', async () => {
    const proxy = await startProxy(start)
    const [client, place] = await bind(proxy, '127.0.0.1')
    const commands = proxy.engine.tables.flatMap((table) => [...table.command.subarray(0, table.capacity)])
    expect(commands.filter((command) => command !== 0)).toEqual([Command.bind])
    const drained = proxy.engine.drain()
    const peer = await come(place)
    await expectReply(client, succeeded)
    peer.finish()
    client.finish()
    await drained
    await eventually(() => expect(proxy.rows()).toEqual([]))
  })
})
