import { describe, expect, it } from 'vitest'
import { State, Total } from '../../daemon/engine/session-table.ts'
import { Balancers } from '../../daemon/engine/shared/balancers.ts'
import { BannedSources } from '../../daemon/engine/shared/banned-sources.ts'
import { eachSource } from '../../daemon/engine/shared/limit-lines.ts'
import { parseAddress } from '../../daemon/net/address.ts'
import { parseNetwork } from '../../daemon/net/network.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { openDatagrams, wrapped } from '../helpers/datagrams.ts'
import { startEcho } from '../helpers/echo.ts'
import { enginesOfOneLoop, type Options, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

/** The balancer, and the only one; nobody listens there. */
const balancer = '127.0.0.9'

/** Version 1, on behalf of a client. */
const of = (client: string, port = 50_000) => bytes(`PROXY TCP4 ${client} 198.51.100.1 ${port} 1080\r\n`)
const signature = bytes('\r\n\r\n\0\r\nQUIT\n')
const local = bytes(signature, 0x20, 0, 0, 0)
/** Version 2, of 2001:db8::7. */
const ofIpv6 = bytes(
  ...[signature, 0x21, 0x21, 0, 36, 0x20, 1, 0xd, 0xb8, new Uint8Array(11), 7],
  ...[new Uint8Array(15), 1, 0xc3, 0x50, 4, 56],
)

function start(engine: (typeof enginesOfOneLoop)[number]['start'], options: Options = {}): Promise<ProxyUnderTest> {
  return startProxy(engine, { balancers: [`${balancer}/32`, '::1'], rules: 'allow to 127.0.0.0/8', ...options })
}

/** What the balancer sends. */
async function passOn(proxy: ProxyUnderTest, said: Uint8Array, via = balancer): Promise<Peer> {
  const peer = await connectPeer(via === '::1' ? via : '127.0.0.1', proxy.port, via)
  peer.write(said)
  return peer
}

/** A client whose connection stands, behind the balancer. */
async function open(proxy: ProxyUnderTest, client: string, port: number): Promise<Peer> {
  const peer = await passOn(proxy, bytes(of(client), greeting, request('127.0.0.1', port)))
  expect(await peer.readHex(2)).toBe('0500')
  await expectReply(peer, succeeded)
  return peer
}

/** How a connection ends of which the RST may come as soon as it stands. */
function ending(peer: Promise<Peer>): Promise<string> {
  return peer.then(
    (client) => client.discard(),
    ({ code }) => code,
  )
}

it('a client on loopback is named by a balancer on this machine only', () => {
  const balancers = new Balancers([], new Float64Array(), () => {})
  const believes = (client: string, from: string, ourEnd: string) =>
    balancers.believes(...(parse(client, from) as [Uint8Array, Uint8Array]), () => parse(ourEnd)[0])
  const parse = (...literals: string[]) => literals.map((literal) => parseAddress(literal)?.bytes as Uint8Array)
  for (const client of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    expect(believes(client, '192.0.2.10', '192.0.2.1')).toBe(false)
    expect(believes(client, '2001:db8::10', '2001:db8::1')).toBe(false)
    expect(believes(client, '192.0.2.1', '192.0.2.1')).toBe(true)
    expect(believes(client, '127.0.0.9', '127.0.0.1')).toBe(true)
  }
  expect(believes('192.0.2.7', '192.0.2.10', '192.0.2.1')).toBe(true)
  for (const nobody of ['0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255'])
    expect(believes(nobody, '127.0.0.1', '127.0.0.1')).toBe(false)
})

describe.each(enginesOfOneLoop)('behind a balancer, $kind engine', ({ start: engine }) => {
  it('the client is whom the header names, whatever it comes with', async () => {
    const port = await startEcho()
    const proxy = await start(engine)
    const said = bytes(greeting, request('127.0.0.1', port), 'early')
    const ways: readonly (readonly [header: Uint8Array, client: string, via?: string])[] = [
      [of('192.0.2.7'), '::ffff:192.0.2.7 50000'],
      [of('192.0.2.8', 0), '::ffff:192.0.2.8 0', '::1'],
      [ofIpv6, '2001:db8::7 50000'],
    ]
    for (const [header, client, via] of ways) {
      const whole = await passOn(proxy, bytes(header, said), via)
      expect(await whole.readHex(2)).toBe('0500')
      await expectReply(whole, succeeded)
      expect(await whole.readText(5)).toBe('early')
      expect(proxy.rows()).toMatchObject([{ client, state: State.open }])

      const pieces = await passOn(proxy, header.subarray(0, 20), via)
      for (const octet of bytes(header.subarray(20), greeting)) await pieces.flush(Uint8Array.of(octet))
      expect(await pieces.readHex(2)).toBe('0500')
      expect(proxy.rows().map((row) => row.client)).toEqual([client, client])
      for (const each of [whole, pieces]) each.reset()
      await proxy.empty()
    }
  })

  it('whoever else comes is reset before it is a session, and the log says why', async () => {
    const warnings: string[] = []
    const proxy = await start(engine, { services: { warn: (message) => warnings.push(message) } })
    const stranger = proxy.client().then((peer) => {
      peer.write(bytes(of('192.0.2.7'), greeting))
      return peer
    })
    expect(await ending(stranger)).toBe('ECONNRESET')
    for (const said of [
      greeting,
      bytes('GET / HTTP/1.1\r\n'),
      bytes(signature, 0x21, 0x31, 0, 216, new Uint8Array(216)),
    ])
      expect(await ending(passOn(proxy, said))).toBe('ECONNRESET')
    await eventually(() =>
      expect(warnings).toEqual([
        expect.stringMatching(/^a connection from 127\.0\.0\.1 was reset: proxy-protocol-from.*does not name it$/),
        expect.stringMatching(
          /^a connection from 127\.0\.0\.9 was reset: it did not begin with a PROXY protocol header/,
        ),
      ]),
    )
    const seen = await passOn(proxy, of('192.0.2.7').subarray(0, 9))
    seen.finish()
    await eventually(() =>
      expect([Total.strange, Total.malformed, Total.late, Total.left].map((which) => proxy.total(which))).toEqual([
        1, 3, 0, 1,
      ]),
    )
    expect(proxy.total(Total.accepted)).toBe(0)
  })

  it('an address that no client of a balancer has is a bad header', async () => {
    const proxy = await start(engine)
    for (const client of ['0.0.0.0', '224.0.0.1', '255.255.255.255'])
      expect(await ending(passOn(proxy, bytes(of(client), greeting)))).toBe('ECONNRESET')
    expect([proxy.total(Total.malformed), proxy.total(Total.accepted)]).toEqual([3, 0])
  })

  it('a ban of the given address acts, one of the balancer on nobody', async () => {
    const banned = BannedSources.memory()
    new BannedSources(banned).replace(['192.0.2.7', balancer].map(parseNetwork))
    const port = await startEcho()
    const proxy = await start(engine, { banned })
    expect(await ending(passOn(proxy, bytes(of('192.0.2.7'), greeting)))).toBe('ECONNRESET')
    await open(proxy, '192.0.2.8', port)
    const check = await passOn(proxy, bytes(local, greeting))
    expect(await check.readHex(2)).toBe('0500')
  })

  it('limits of a source are the client’s, not the balancer’s', async () => {
    const port = await startEcho()
    const proxy = await start(engine)
    await proxy.limit(eachSource, { maxConnections: 1 })
    await open(proxy, '192.0.2.7', port)
    expect(await ending(passOn(proxy, bytes(of('192.0.2.7'), greeting)))).toBe('ECONNRESET')
    await open(proxy, '192.0.2.8', port)
  })

  it('rules judge by the given address, which is not this machine’s', async () => {
    const port = await startEcho()
    const proxy = await start(engine, { rules: 'allow from 198.51.100.0/24 to 127.0.0.1' })
    await open(proxy, '198.51.100.7', port)
    await open(proxy, '127.0.0.5', port)
    const denied = await passOn(proxy, bytes(of('192.0.2.7'), greeting, request('127.0.0.1', port)))
    expect(await denied.readHex(2)).toBe('0500')
    await expectReply(denied, '02')
  })

  it.each([
    ['LOCAL', local],
    ['UNKNOWN', bytes('PROXY UNKNOWN\r\n')],
  ])('%s is the balancer itself, which counts once it asks for something', async (_, header) => {
    const port = await startEcho()
    const proxy = await start(engine)
    await proxy.limit(eachSource, { maxConnections: 1 })
    const checks = [header, bytes(header, greeting), bytes()]
    for (const said of checks) {
      const check = await passOn(proxy, said)
      if (said.length > header.length) expect(await check.readHex(2)).toBe('0500')
      check.finish()
      await check.discard()
    }
    await proxy.empty()
    expect([proxy.total(Total.accepted), proxy.closed()]).toEqual([0, []])

    for (const more of [1, 2]) {
      const asking = await passOn(proxy, bytes(header, greeting, request('127.0.0.1', port)))
      expect(await asking.readHex(2)).toBe('0500')
      await expectReply(asking, succeeded)
      expect(proxy.total(Total.accepted)).toBe(more)
      expect(proxy.rows().at(-1)?.client).toMatch(/^::ffff:127\.0\.0\.9 /)
    }
    const broken = await passOn(proxy, bytes(header, '(get'))
    broken.finish()
    await broken.discard()
    await eventually(() => expect(proxy.closed()).toMatchObject([{ reason: 'malformed' }]))
  })

  it.each([
    ['LOCAL', local],
    ['UNKNOWN', bytes('PROXY UNKNOWN\r\n')],
  ])('%s needs a login in a network that is trusted, unless it is its address alone', async (_, header) => {
    const port = await startEcho()
    const trusted = (network: string) => ({ trusted: [{ network: parseNetwork(network), user: 0 }] })
    const proxy = await start(engine, { passwordRequired: true, ...trusted('127.0.0.0/8') })
    const check = await passOn(proxy, bytes(header, greeting))
    expect(await check.readHex(2)).toBe('05ff')
    await open(proxy, '127.0.0.7', port)
    // Of a session before it nothing is left in the place that it had.
    check.reset()
    await eventually(() => expect(proxy.rows()).toHaveLength(1))
    await open(proxy, '127.0.0.8', port)
    await proxy.engine.order('apply', trusted(balancer))
    const named = await passOn(proxy, bytes(header, greeting, request('127.0.0.1', port)))
    expect(await named.readHex(2)).toBe('0500')
    await expectReply(named, succeeded)
  })

  it('a drain waits for who has come, and has not been introduced', async () => {
    const port = await startEcho()
    const proxy = await start(engine)
    const late = await passOn(proxy, bytes())
    // Whoever came before it is served already.
    const other = await open(proxy, '192.0.2.8', port)
    const drained = proxy.engine.drain()
    other.finish()
    await proxy.empty()
    late.write(bytes(of('192.0.2.7'), greeting, request('127.0.0.1', port)))
    expect(await late.readHex(2)).toBe('0500')
    await expectReply(late, succeeded)
    late.finish()
    await drained
    expect(proxy.total(Total.connected)).toBe(2)
  })

  it('whoever is not introduced when the engine ends is reset', async () => {
    const port = await startEcho()
    const proxy = await start(engine)
    const unknown = await passOn(proxy, of('192.0.2.7').subarray(0, 9))
    // Whoever came before it has been taken.
    await open(proxy, '192.0.2.8', port)
    await proxy.engine.close()
    expect(await unknown.discard()).toBe('ECONNRESET')
  })

  it('a balancer that does not say whose a connection is has five seconds', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const proxy = await start(engine, { services: { warn: resolve } })
    const silent = await passOn(proxy, of('192.0.2.7').subarray(0, 9))
    expect(await silent.discard()).toBe('ECONNRESET')
    expect(proxy.total(Total.late)).toBe(1)
    expect(await promise).toMatch(
      /^a connection from 127\.0\.0\.9 was reset: no PROXY protocol header came within 5 seconds/,
    )
  })

  it('forwards are for everybody', async () => {
    const target = await startTarget('127.0.0.1')
    const forward = { listen: { address: '127.0.0.1', port: 0 }, host: '127.0.0.1', port: target.port }
    const proxy = await start(engine, { forwards: [forward] })
    const client = await connectPeer('127.0.0.1', proxy.engine.forwarding[0]?.port ?? 0)
    client.write('x')
    expect(await (await target.next()).readText(1)).toBe('x')
  })

  it('datagrams are taken from the given address, and BIND listens where that has a way to', async () => {
    const proxy = await start(engine)
    const [client, target] = [await openDatagrams('127.0.0.5'), await openDatagrams('127.0.0.1')]
    const stranger = await openDatagrams(balancer)
    const control = await passOn(proxy, bytes(of('127.0.0.5'), greeting, request('0.0.0.0', 0, Command.udpAssociate)))
    expect(await control.readHex(2)).toBe('0500')
    const relay = await expectReply(control, succeeded)
    await stranger.send(wrapped('127.0.0.1', target.port, 'not this'), relay.port, relay.address)
    await client.send(wrapped('127.0.0.1', target.port, 'this'), relay.port, relay.address)
    const { data, address, port } = await target.next()
    expect(data.toString()).toBe('this')
    await target.send('answer', port, address)
    expect((await client.next()).data.subarray(10).toString()).toBe('answer')

    // Who is not on this machine has no use for its loopback, whether there is a way to them or not.
    const far = await passOn(proxy, bytes(of('192.0.2.7'), greeting, request('::', 0, Command.udpAssociate)))
    expect(await far.readHex(2)).toBe('0500')
    expect((await expectReply(far, succeeded)).address).toMatch(/^::ffff:/)

    // Of the other family, to which the balancer has no connection.
    const binding = await passOn(
      proxy,
      bytes(`PROXY TCP6 ::1 ::1 50000 1080\r\n`, greeting, request('0.0.0.0', 0, Command.bind)),
    )
    expect(await binding.readHex(2)).toBe('0500')
    expect((await expectReply(binding, succeeded)).address).toBe('::1')
  })
})
