import { networkInterfaces } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { State, Total } from '../../daemon/engine/session-table.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { type DatagramPeer, openDatagrams, wrapped } from '../helpers/datagrams.ts'
import {
  alice,
  engines,
  type Options,
  oneLoop,
  openPolicy,
  type ProxyUnderTest,
  patience,
  sharedProxy,
  startProxy,
} from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { linkLocal } from '../helpers/link-local.ts'
import type { Peer } from '../helpers/peer.ts'
import { expectRefusal, expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'

/** This machine's own beside loopback, of IPv4; perhaps none. */
const machineAddresses = Object.values(networkInterfaces())
  .flatMap((interfaces = []) => interfaces)
  .flatMap(({ address, family, internal }) => (family === 'IPv4' && !internal ? [address] : []))
  .slice(0, 1)

interface Association {
  readonly control: Peer
  /** Where the client's datagrams go. */
  readonly relay: { readonly address: string; readonly port: number }
  readonly client: DatagramPeer
  /** Sends this to a target. */
  send(host: string, port: number, payload: string | Uint8Array): Promise<void>
}

interface How {
  readonly via?: string
  /** What the client declares to send from, a port for its own: `0.0.0.0` and 0, nothing, unless told. */
  readonly declares?: (own: number) => readonly [host: string, port: number]
}

/** A client that has its association. */
async function associate(
  proxy: ProxyUnderTest,
  { via = '127.0.0.1', declares = () => ['0.0.0.0', 0] }: How = {},
): Promise<Association> {
  const client = await openDatagrams(via)
  const control = await proxy.client(via)
  control.write(bytes(greeting, request(...declares(client.port), Command.udpAssociate)))
  expect(await control.readHex(2)).toBe('0500')
  const relay = await expectReply(control, succeeded)
  const send = (host: string, port: number, payload: string | Uint8Array) =>
    client.send(wrapped(host, port, payload), relay.port, relay.address)
  return { control, relay, client, send }
}

/** The payload of a datagram that came to a client, which must have come from this target by the relay. */
async function answer({ client, relay }: Association, host: string, port: number): Promise<string> {
  const { data, ...from } = await client.next()
  expect(from).toEqual(relay)
  const header = Buffer.from(wrapped(host, port, ''))
  expect(data.subarray(0, header.length).toString('hex')).toBe(header.toString('hex'))
  return data.subarray(header.length).toString('latin1')
}

/** A target that a datagram has come to, by way of the association. */
async function meet(association: Association, host = '127.0.0.1') {
  const target = await openDatagrams(host)
  await association.send(host, target.port, 'hello')
  const { data, address, port } = await target.next()
  expect(data.toString()).toBe('hello')
  return { target, reply: (payload: string | Uint8Array) => target.send(payload, port, address) }
}

describe.each(engines)('$kind engine: UDP ASSOCIATE', ({ start }) => {
  const shared = sharedProxy(oneLoop(start))
  const ofTwoLoops = sharedProxy(start)
  const forbidding = sharedProxy(oneLoop(start), { forbidden: [{ address: '127.0.0.1', port: 9 }] })
  const strict = sharedProxy(oneLoop(start), { udpPortRequired: true })
  const setUp = async (options?: Options, how: How = {}, proxies = shared) => {
    const proxy = await (options ? startProxy(oneLoop(start), options) : proxies())
    return { proxy, association: await associate(proxy, how) }
  }

  it.each([
    ['IPv4 over IPv4', '127.0.0.1', '127.0.0.1'],
    ['IPv6 over IPv4', '127.0.0.1', '::1'],
    ['IPv4 over IPv6', '::1', '127.0.0.1'],
    ['IPv6 over IPv6', '::1', '::1'],
  ])('carries datagrams both ways: %s', async (_, via, host) => {
    const { proxy, association } = await setUp(undefined, { via })
    expect(association.relay.address).toBe(via)
    const { target, reply } = await meet(association, host)
    await reply('and back')
    expect(await answer(association, host, target.port)).toBe('and back')
    const mapped = host === '::1' ? '::1' : `::ffff:${host}`
    const row = { state: State.open, target: `${mapped} ${target.port}`, up: 5, down: 8 }
    await eventually(() => expect(proxy.rows()).toMatchObject([row]))
    expect([proxy.total(Total.connected), proxy.total(Total.up), proxy.total(Total.down)]).toEqual([1, 5, 8])
  })

  it.each([
    ['a name', 'one.test', '127.0.0.1'],
    ['a name of IPv6', 'six.test', '::1'],
    ['a name that is a literal', '127.0.0.1', '127.0.0.1'],
  ])('sends to %s', async (_, name, host) => {
    const { proxy, association } = await setUp()
    const target = await openDatagrams(host)
    const header = bytes(0, 0, 0, 3, name.length, name, target.port >> 8, target.port & 0xff)
    for (const payload of ['first', 'second']) {
      await association.client.send(bytes(header, payload), association.relay.port, association.relay.address)
      expect((await target.next()).data.toString()).toBe(payload)
    }
    await eventually(() => expect(proxy.rows()).toMatchObject([{ name: name === host ? '' : name, up: 11 }]))
  })

  it.skipIf(!linkLocal)('sends to a link-local address of a name by its interface', async () => {
    const address = linkLocal ?? ''
    const { association } = await setUp({ services: { resolve: async () => [address, '127.0.0.1'] } })
    const target = await openDatagrams(address)
    for (const payload of ['first', 'second']) {
      await association.send('link-local.test', target.port, payload)
      expect((await target.next()).data.toString()).toBe(payload)
    }
  })

  it('keeps datagrams while their name is looked up, but not many, and drops those whose name is unknown', async () => {
    const asked = Promise.withResolvers<void>()
    const found = Promise.withResolvers<void>()
    let questions = 0
    const resolve = async (name: string) => {
      if (name !== 'slow.test') return []
      questions++
      asked.resolve()
      await found.promise
      return ['127.0.0.1']
    }
    const { association } = await setUp({ services: { resolve } })
    const target = await openDatagrams()
    await association.send('unknown.test', target.port, 'to nobody')
    for (let i = 0; i < 40; i++) await association.send('slow.test', target.port, `${i}`)
    await asked.promise
    await association.send('127.0.0.1', target.port, 'in between')
    expect((await target.next()).data.toString()).toBe('in between')
    found.resolve()
    const first = (await target.next()).data.toString()
    expect(first).toBe('0')
    const late: string[] = []
    do {
      await association.send('127.0.0.1', target.port, 'end')
      late.push((await target.next()).data.toString())
    } while (late.at(-1) !== 'end')
    expect(late.length).toBeLessThanOrEqual(16)
    expect(questions).toBe(1)
  })

  it('keeps no more bytes for a name than the largest datagram has', async () => {
    const found = Promise.withResolvers<readonly string[]>()
    const asked = Promise.withResolvers<void>()
    const resolve = (): Promise<readonly string[]> => {
      asked.resolve()
      return found.promise
    }
    const { proxy, association } = await setUp({ services: { resolve } })
    const target = await openDatagrams()
    for (const first of ['1', '2', '3']) await association.send('slow.test', target.port, first.padEnd(30_000, 'x'))
    await association.send('127.0.0.1', target.port, 'behind them')
    expect((await target.next()).data.toString()).toBe('behind them')
    await asked.promise
    found.resolve(['127.0.0.1'])
    expect((await target.next()).data.toString()).toMatch(/^1x/)
    expect((await target.next()).data.toString()).toMatch(/^2x/)
    await association.send('127.0.0.1', target.port, 'end')
    expect((await target.next()).data.toString()).toBe('end')
    await eventually(() => expect(proxy.rows()).toMatchObject([{ up: 60_014 }]))
  })

  it('asks for no more names than datagrams may wait', async () => {
    const questions: string[] = []
    const unanswered = Promise.withResolvers<readonly string[]>()
    const resolve = (name: string) => {
      questions.push(name)
      return unanswered.promise
    }
    const { proxy, association } = await setUp({ services: { resolve } })
    const target = await openDatagrams()
    for (let i = 0; i < 40; i++) await association.send(`${i}.test`, target.port, 'x')
    await association.send('127.0.0.1', target.port, 'behind them')
    await target.next()
    // What a loop has asked comes before what it confirms.
    await proxy.engine.order('apply', openPolicy)
    expect(questions).toEqual(Array.from({ length: 16 }, (_, i) => `${i}.test`))
    unanswered.resolve([])
  })

  it('carries empty datagrams and the largest ones', async () => {
    const { proxy, association } = await setUp()
    const { target, reply } = await meet(association)
    await association.send('127.0.0.1', target.port, '')
    expect((await target.next()).data.length).toBe(0)
    await reply('')
    expect(await answer(association, '127.0.0.1', target.port)).toBe('')
    const large = 'x'.repeat(65_507 - 10)
    await association.send('127.0.0.1', target.port, large)
    expect((await target.next()).data.toString()).toBe(large)
    await reply(large)
    expect(await answer(association, '127.0.0.1', target.port)).toBe(large)
    // Too long with a header before it: dropped, and nothing else is.
    await reply('x'.repeat(65_507))
    await reply('small')
    expect(await answer(association, '127.0.0.1', target.port)).toBe('small')
    const moved = { up: 5 + large.length, down: large.length + 5 }
    await eventually(() => expect(proxy.rows()).toMatchObject([moved]))
  })

  it('carries many at once, in their order', async () => {
    const { association } = await setUp()
    const { target, reply } = await meet(association)
    const words = Array.from({ length: 100 }, (_, i) => `${i}`)
    await Promise.all(words.map((word) => association.send('127.0.0.1', target.port, word)))
    for (const word of words) expect((await target.next()).data.toString()).toBe(word)
    await Promise.all(words.map((word) => reply(word)))
    for (const word of words) expect(await answer(association, '127.0.0.1', target.port)).toBe(word)
  })

  it('carries all that many associations send at once, each in its order', async () => {
    const proxy = await ofTwoLoops()
    const words = Array.from({ length: 60 }, (_, i) => `${i}`)
    const pairs = await Promise.all(
      Array.from({ length: 30 }, async () => ({ association: await associate(proxy), target: await openDatagrams() })),
    )
    await Promise.all(
      pairs.flatMap(({ association, target }) => words.map((word) => association.send('127.0.0.1', target.port, word))),
    )
    for (const { target } of pairs) for (const word of words) expect((await target.next()).data.toString()).toBe(word)
  })

  it.each([
    ['a fragment', (port: number) => bytes(0, 0, 1, 1, 127, 0, 0, 1, port >> 8, port & 0xff, 'x')],
    ['an unknown ATYP', (port: number) => bytes(0, 0, 0, 9, 127, 0, 0, 1, port >> 8, port & 0xff, 'x')],
    ['a name of length 0', (port: number) => bytes(0, 0, 0, 3, 0, port >> 8, port & 0xff, 'x')],
    ['a bad name', (port: number) => wrapped('local\0host', port, 'x')],
    ['port 0', () => wrapped('127.0.0.1', 0, 'x')],
    ['a header cut short', (port: number) => wrapped('127.0.0.1', port, '').subarray(0, 9)],
    ['one byte', () => bytes(0)],
    ['nothing', () => bytes()],
    ['what rules forbid', () => wrapped('127.0.0.1', 9, 'x')],
    ['broadcast, which cannot be sent to', () => wrapped('255.255.255.255', 9, 'x')],
  ])('drops %s, and goes on', async (_, made) => {
    const { proxy, association } = await setUp(undefined, {}, forbidding)
    const target = await openDatagrams()
    const { client, relay } = association
    await client.send(made(target.port), relay.port, relay.address)
    await association.send('127.0.0.1', target.port, 'after it')
    expect((await target.next()).data.toString()).toBe('after it')
    await eventually(() => expect(proxy.rows()).toMatchObject([{ up: 8 }]))
  })

  it('survives a target where nobody listens', async () => {
    const { association } = await setUp()
    const closed = await openDatagrams()
    const { port } = closed
    await closed.close()
    for (let i = 0; i < 3; i++) await association.send('127.0.0.1', port, 'anybody?')
    const { target, reply } = await meet(association)
    await reply('yes')
    expect(await answer(association, '127.0.0.1', target.port)).toBe('yes')
  })

  it('takes datagrams from the address of the control connection only', async () => {
    const { association } = await setUp()
    const target = await openDatagrams()
    const stranger = await openDatagrams('127.0.0.2')
    const { relay } = association
    await stranger.send(wrapped('127.0.0.1', target.port, 'from elsewhere'), relay.port, relay.address)
    await association.send('127.0.0.1', target.port, 'from the client')
    expect((await target.next()).data.toString()).toBe('from the client')
  })

  it.each<readonly [string, boolean, How]>([
    ['the one that was declared', true, { declares: (own) => ['0.0.0.0', own] }],
    ['the one that was declared, in IPv6', true, { declares: (own) => ['::', own], via: '::1' }],
    ['the first one, if none was declared', false, {}],
  ])('takes datagrams from one port only: %s', async (_, declares, how) => {
    const { association } = await setUp(undefined, how)
    const { relay } = association
    const target = await openDatagrams()
    const other = await openDatagrams(how.via)
    const fromOther = () => other.send(wrapped('127.0.0.1', target.port, 'other'), relay.port, relay.address)
    if (declares) await fromOther()
    await association.send('127.0.0.1', target.port, 'client')
    expect((await target.next()).data.toString()).toBe('client')
    await fromOther()
    await association.send('127.0.0.1', target.port, 'client again')
    expect((await target.next()).data.toString()).toBe('client again')
  })

  it.each<readonly [string, (target: number) => readonly [string, number]]>([
    ['the target, on the same machine', (target) => ['127.0.0.1', target]],
    ['the target, by its name', (target) => ['one.test', target]],
    ['an address behind a NAT', () => ['192.168.0.2', 4321]],
    ['an IPv6 address', () => ['2001:db8::1', 4321]],
  ])('takes datagrams from any port if what was declared cannot be the client: %s', async (_, declared) => {
    const target = await openDatagrams()
    const { association } = await setUp(undefined, { declares: () => declared(target.port) })
    await association.send('127.0.0.1', target.port, 'question')
    const { data, address, port } = await target.next()
    expect(data.toString()).toBe('question')
    await target.send('answer', port, address)
    expect(await answer(association, '127.0.0.1', target.port)).toBe('answer')
  })

  it("prefers the port that was declared with the client's own address, once a datagram comes from it", async () => {
    const { association } = await setUp(undefined, { declares: (own) => ['127.0.0.1', own] })
    const { relay } = association
    const target = await openDatagrams()
    const other = await openDatagrams()
    const fromOther = (word: string) => other.send(wrapped('127.0.0.1', target.port, word), relay.port, relay.address)
    await fromOther('first')
    expect((await target.next()).data.toString()).toBe('first')
    await association.send('127.0.0.1', target.port, 'declared')
    const { data, address, port } = await target.next()
    expect(data.toString()).toBe('declared')
    await fromOther('too late')
    await target.send('answer', port, address)
    expect(await answer(association, '127.0.0.1', target.port)).toBe('answer')
    await association.send('127.0.0.1', target.port, 'declared again')
    expect((await target.next()).data.toString()).toBe('declared again')
  })

  it.each(['127.0.0.1', '127.0.0.5', '::ffff:127.0.0.1', '0.0.0.0', 'one.test', 'zero.test', ...machineAddresses])(
    "never sends to an association's own sockets: %s",
    async (own) => {
      const proxy = await ofTwoLoops()
      const [one, other] = [await associate(proxy), await associate(proxy)]
      const target = await openDatagrams()
      await one.send('127.0.0.1', target.port, 'where are you?')
      const outlet = (await target.next()).port
      const looped = wrapped('127.0.0.1', target.port, 'looped')
      for (const port of [one.relay.port, other.relay.port]) await one.send(own, port, looped)
      await one.send(own, outlet, 'to itself')
      await one.send('127.0.0.1', target.port, 'behind them')
      const { data, address, port } = await target.next()
      expect(data.toString()).toBe('behind them')
      await target.send('answer', port, address)
      expect(await answer(one, '127.0.0.1', target.port)).toBe('answer')
      // Nor has it become the client of the other one.
      await other.send('127.0.0.1', target.port, 'other')
      expect((await target.next()).data.toString()).toBe('other')
    },
  )

  it('sends to the ports of associations that are over', async () => {
    const proxy = await ofTwoLoops()
    const [one, ...others] = [await associate(proxy), await associate(proxy), await associate(proxy)]
    for (const { control } of others) control.finish()
    await eventually(() => expect(proxy.closed()).toMatchObject(Array(2).fill({ reason: 'finished' })))
    // One of the two may be somebody else's by now.
    const target = await Promise.any(others.map(({ relay }) => openDatagrams('127.0.0.1', relay.port)))
    await one.send('127.0.0.1', target.port, 'hello')
    expect((await target.next()).data.toString()).toBe('hello')
  })

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
    ['zero.test', '127.0.0.1'],
  ])('sends to %s what is for loopback, and lets in the answers', async (unspecified, loopback) => {
    const { association } = await setUp()
    const target = await openDatagrams(loopback)
    await association.send(unspecified, target.port, 'question')
    const { address, port } = await target.next()
    await target.send('answer', port, address)
    expect(await answer(association, loopback, target.port)).toBe('answer')
  })

  it('lets in answers from addresses that were sent to only, from any port', async () => {
    const { association } = await setUp()
    const { target, reply } = await meet(association)
    await reply('known')
    await answer(association, '127.0.0.1', target.port)
    await association.send('127.0.0.1', target.port, 'where are you?')
    const { port } = await target.next()
    const stranger = await openDatagrams('127.0.0.3')
    await stranger.send('from elsewhere', port, '127.0.0.1')
    const otherPort = await openDatagrams('127.0.0.1')
    await otherPort.send('from another port', port, '127.0.0.1')
    expect(await answer(association, '127.0.0.1', otherPort.port)).toBe('from another port')
  })

  it.each([
    ['a FIN', 'finished', (control: Peer) => control.finish()],
    ['an RST', 'reset', (control: Peer) => control.reset()],
  ])('ends with the control connection, by %s', async (_, reason, end) => {
    const { proxy, association } = await setUp()
    const all = [association, await associate(proxy), await associate(proxy)]
    for (const each of all) {
      await meet(each)
      each.control.write('what is said here means nothing')
      end(each.control)
    }
    await eventually(() => expect(proxy.closed()).toMatchObject(Array(3).fill({ reason, up: 5 })))
    // Their ports are free again, but for what others have been given since.
    await Promise.any(all.map(({ relay }) => openDatagrams('127.0.0.1', relay.port)))
  })

  it('drops whatever the client says on the control connection', async () => {
    const { association } = await setUp()
    await association.control.flush(new Uint8Array(4 * 1024 * 1024))
    await meet(association)
  })

  it('ends the control connection when it is killed', async () => {
    const { proxy, association } = await setUp()
    await proxy.engine.order(
      'kill',
      proxy.rows().map(({ serial }) => serial),
    )
    expect(await association.control.discard()).toBe('ECONNRESET')
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'cut' })
  })

  it('lives for as long as its client sends', async () => {
    const { proxy, association } = await setUp({ timeouts: { udp: 1_500, idle: 100 } })
    const { target } = await meet(association)
    const began = performance.now()
    while (performance.now() - began < 2_500) {
      await association.send('127.0.0.1', target.port, '')
      await target.next()
      await setTimeout(50)
    }
    expect(proxy.rows()).toHaveLength(1)
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'idle' })
  })

  it('ends when its client has sent nothing for too long, though its target goes on', async () => {
    const { proxy, association } = await setUp({ timeouts: { udp: 600 } })
    const { reply } = await meet(association)
    const isOver = association.control.discard().then(() => true)
    while (!(await Promise.race([isOver, setTimeout(50, false)]))) await reply('still here')
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'idle' })
  })

  it('lives by the new time at once when that is changed', async () => {
    const { proxy, association } = await setUp({})
    await meet(association)
    await proxy.engine.order('tune', {
      maxSessions: 1000,
      timeouts: { ...patience, udp: 200 },
      liveness: { keepalive: 0, userTimeout: 0 },
    })
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'idle' })
  })

  it('meets an IPv6 socket by IPv6 loopback though its connection came over IPv4', async () => {
    const proxy = await ofTwoLoops()
    const [client, target] = [await openDatagrams('::1'), await openDatagrams()]
    const control = await proxy.client('127.0.0.1')
    control.write(bytes(greeting, request('::', client.port, Command.udpAssociate)))
    expect(await control.readHex(2)).toBe('0500')
    const relay = await expectReply(control, succeeded)
    expect(relay.address).toBe('::1')
    const send = (host: string, port: number, payload: string | Uint8Array) =>
      client.send(wrapped(host, port, payload), relay.port, relay.address)
    await send('127.0.0.1', target.port, 'question')
    const { address, port } = await target.next()
    await target.send('answer', port, address)
    expect(await answer({ control, relay, client, send }, '127.0.0.1', target.port)).toBe('answer')
  })

  it.skipIf(machineAddresses.length === 0)(
    'tells an IPv6 socket whose connection came over IPv4 a v4-mapped address',
    async () => {
      const [via = ''] = machineAddresses
      // Whoever comes from an address that is not loopback reaches loopback by a rule only.
      const rules = 'allow to 127.0.0.0/8'
      const proxy = await startProxy(start, { listen: [{ address: via, port: 0 }], rules })
      const [client, target] = [await openDatagrams('::'), await openDatagrams()]
      const control = await proxy.client(via)
      control.write(bytes(greeting, request('::', client.port, Command.udpAssociate)))
      expect(await control.readHex(2)).toBe('0500')
      const relay = await expectReply(control, succeeded)
      expect(relay.address).toBe(`::ffff:${via}`)
      await client.send(wrapped('127.0.0.1', target.port, 'question'), relay.port, relay.address)
      const { data, address, port } = await target.next()
      expect(data.toString()).toBe('question')
      await target.send('answer', port, address)
      expect((await client.next()).data.subarray(10).toString()).toBe('answer')
    },
  )

  it('tells the advertised address of its family, with the real port', async () => {
    const proxy = await startProxy(start, { udpAdvertise: ['2001:db8::1', '192.0.2.1', '192.0.2.2'] })
    const ipv4 = await associate(proxy)
    expect(ipv4.relay.address).toBe('192.0.2.1')
    const ipv6 = await associate(proxy, { via: '::1' })
    expect(ipv6.relay.address).toBe('2001:db8::1')
    const target = await openDatagrams()
    await ipv4.client.send(wrapped('127.0.0.1', target.port, 'real'), ipv4.relay.port, '127.0.0.1')
    expect((await target.next()).data.toString()).toBe('real')
  })

  it("counts bytes as the user's", async () => {
    const proxy = await startProxy(start, { passwordRequired: true })
    const control = await proxy.clientAsAlice()
    control.write(request('0.0.0.0', 0, Command.udpAssociate))
    const relay = await expectReply(control, succeeded)
    const [client, target] = [await openDatagrams(), await openDatagrams()]
    await client.send(wrapped('127.0.0.1', target.port, '12345'), relay.port, relay.address)
    const { address, port } = await target.next()
    await target.send('123', port, address)
    await client.next()
    await eventually(() => expect(proxy.userBytes(alice.index)).toEqual({ up: 5, down: 3 }))
  })

  it.each<readonly [string, readonly [string, number], string]>([
    ['no port', ['0.0.0.0', 0], '127.0.0.1'],
    ['no port of IPv6', ['::', 0], '::1'],
    ['no port of its address', ['127.0.0.1', 0], '127.0.0.1'],
    ['a port of another address', ['192.168.0.2', 4321], '127.0.0.1'],
    ['a port of a name', ['one.test', 4321], '127.0.0.1'],
  ])('refuses who declares %s where a port is required', async (_, declared, via) => {
    const proxy = await strict()
    const control = await proxy.client(via)
    control.write(bytes(greeting, request(...declared, Command.udpAssociate)))
    expect(await control.readHex(2)).toBe('0500')
    await expectRefusal(control, '02')
    control.finish()
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'forbidden' })
  })

  it.each([
    ['without an address', '0.0.0.0'],
    ['with its address', '127.0.0.1'],
  ])('takes datagrams from the port that is required alone, declared %s', async (_, host) => {
    const { association } = await setUp(undefined, { declares: (own) => [host, own] }, strict)
    const { relay } = association
    const target = await openDatagrams()
    const other = await openDatagrams()
    await other.send(wrapped('127.0.0.1', target.port, 'other'), relay.port, relay.address)
    await association.send('127.0.0.1', target.port, 'client')
    expect((await target.next()).data.toString()).toBe('client')
  })

  it('refuses it where it is switched off', async () => {
    const proxy = await startProxy(start, { commands: [Command.connect, Command.bind] })
    const control = await proxy.client()
    control.write(bytes(greeting, request('0.0.0.0', 0, Command.udpAssociate)))
    expect(await control.readHex(2)).toBe('0500')
    await expectRefusal(control, '07')
  })
})
