import { describe, expect, it } from 'vitest'
import type { Egress } from '../../daemon/net/egress.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { type DatagramPeer, openDatagrams, wrapped } from '../helpers/datagrams.ts'
import { alice, engines, enginesOfOneLoop, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer } from '../helpers/peer.ts'
import { ruleMemory } from '../helpers/rules.ts'
import { expectRefusal, expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'

function of(from: readonly string[], mode: Egress['mode'] = 'sticky'): ReadonlyMap<number, Egress> {
  return new Map([[alice.index, { from, mode }]])
}

const wherever = new Map([[alice.index, undefined]])

/** Which address the target sees of alice. */
async function seen(proxy: ProxyUnderTest, target: Target, host: string = target.host): Promise<string> {
  await proxy.openAsAlice(host, target.port)
  return (await target.next()).socket.remoteAddress ?? ''
}

/** A client of alice's that has asked for BIND, and where her peer is to come. */
async function bind(proxy: ProxyUnderTest, host: string) {
  const client = await proxy.clientAsAlice()
  client.write(request(host, 0, Command.bind))
  return { client, place: await expectReply(client, succeeded) }
}

/** An association of alice's. */
async function associate(proxy: ProxyUnderTest) {
  const control = await proxy.clientAsAlice()
  control.write(request('0.0.0.0', 0, Command.udpAssociate))
  const relay = await expectReply(control, succeeded)
  const client = await openDatagrams()
  return {
    client,
    send: (host: string, port: number, payload: string) =>
      client.send(wrapped(host, port, payload), relay.port, relay.address),
  }
}

/** Which address a target sees of an association's datagram, whose answer the client gets. */
async function seenBy(association: Awaited<ReturnType<typeof associate>>, target: DatagramPeer, host: string) {
  await association.send(host, target.port, 'to the target')
  const { data, address, port } = await target.next()
  expect(data.toString()).toBe('to the target')
  await target.send('to the client', port, address)
  expect((await association.client.next()).data.toString()).toMatch(/to the client$/)
  return address
}

async function expectFailure(proxy: ProxyUnderTest, host: string, port: number, command?: Command): Promise<void> {
  const client = await proxy.clientAsAlice()
  client.write(request(host, port, command))
  await expectRefusal(client, '01')
  client.finish()
}

describe.each(enginesOfOneLoop)('$kind engine: egress', ({ start }) => {
  const startFor = (egress: ReadonlyMap<number, Egress>, warn: (message: string) => void = () => {}, rules = '') =>
    startProxy(start, { passwordRequired: true, egress, rules, services: { warn } })

  it('is the address that targets see, of that user alone', async () => {
    const target = await startTarget()
    const proxy = await startProxy(start, { egress: of(['127.0.0.2']) })
    await proxy.open(target.host, target.port)
    expect((await target.next()).socket.remoteAddress).toBe('127.0.0.1')
    await proxy.engine.order('apply', { passwordRequired: true })
    expect(await seen(proxy, target)).toBe('127.0.0.2')
    await proxy.engine.order('ways', { egress: of(['127.0.0.3']) })
    expect(await seen(proxy, target)).toBe('127.0.0.3')
    await proxy.engine.order('ways', { egress: wherever })
    expect(await seen(proxy, target)).toBe('127.0.0.1')
  })

  it('of several stays the same for a destination, and differs between destinations', async () => {
    const proxy = await startFor(of(['127.0.0.2', '127.0.0.3']))
    const used = new Set<string>()
    for (let i = 1; i <= 12; i++) {
      const target = await startTarget(`127.0.1.${i}`)
      const [first, ...others] = [await seen(proxy, target), await seen(proxy, target), await seen(proxy, target)]
      expect(others).toEqual([first, first])
      used.add(first)
    }
    expect([...used].sort()).toEqual(['127.0.0.2', '127.0.0.3'])
  })

  it('that is gone is skipped and told; if none is left, nothing leaves by another', async () => {
    const target = await startTarget()
    const told: string[] = []
    const proxy = await startFor(of(['192.0.2.1', '127.0.0.2'], 'turns'), (message) => told.push(message))
    for (let i = 0; i < 4; i++) expect(await seen(proxy, target)).toBe('127.0.0.2')
    await eventually(() => expect(told).toContain('egress 192.0.2.1 is no address of this machine now: it is skipped'))
    expect(told).toHaveLength(1)
    for (const gone of ['192.0.2.1', 'nosuch0']) {
      await proxy.engine.order('ways', { egress: of([gone]) })
      await expectFailure(proxy, target.host, target.port)
    }
    expect(target.unclaimed).toEqual([])
    await eventually(() => expect(told).toContain('egress nosuch0 is no interface with an address now: it is skipped'))
  })

  it('is of the family that is dialled', async () => {
    const ipv4 = await startTarget('127.0.0.1')
    const ipv6 = await startTarget('::1', ipv4.port)
    const proxy = await startFor(of(['127.0.0.2']))
    expect(await seen(proxy, ipv4, 'both.test')).toBe('127.0.0.2')
    await expectFailure(proxy, '::1', ipv6.port)
    expect(ipv6.unclaimed).toEqual([])
    await proxy.engine.order('ways', { egress: of(['127.0.0.2', '::1']) })
    expect(await seen(proxy, ipv6)).toBe('::1')
  })

  it('may be an interface, which stands for its addresses', async () => {
    const target = await startTarget()
    const proxy = await startFor(of([process.platform === 'linux' ? 'lo' : 'lo0', '127.0.0.2'], 'turns'))
    const used = new Set<string>()
    for (let i = 0; i < 4; i++) used.add(await seen(proxy, target))
    expect([...used].sort()).toEqual(['127.0.0.1', '127.0.0.2'])
  })

  it('of the rule that allows wins, for whoever it is about', async () => {
    const [target, other] = [await startTarget('127.0.0.4'), await startTarget('127.0.0.5')]
    const proxy = await startFor(of(['127.0.0.2']), undefined, 'allow to 127.0.0.4 via 127.0.0.3')
    expect(await seen(proxy, target)).toBe('127.0.0.3')
    expect(await seen(proxy, other)).toBe('127.0.0.2')
    await proxy.engine.order('judge', ruleMemory(''))
    expect(await seen(proxy, target)).toBe('127.0.0.2')
    await proxy.engine.order('judge', ruleMemory('allow via 127.0.0.3'))
    await proxy.engine.order('apply', { passwordRequired: false })
    const client = await proxy.client()
    client.write(bytes(greeting, request(target.host, target.port)))
    expect((await target.next()).socket.remoteAddress).toBe('127.0.0.3')
  })

  it('of the rule takes turns if that is the mode of the user, who may have no addresses of their own', async () => {
    const target = await startTarget()
    const rules = 'allow via 127.0.0.2,127.0.0.3'
    const proxy = await startFor(of([], 'turns'), undefined, rules)
    const used: string[] = []
    for (let i = 0; i < 12; i++) used.push(await seen(proxy, target))
    const first = used.filter((address) => address === '127.0.0.2').length
    expect(used.filter((address) => address === '127.0.0.3')).toHaveLength(12 - first)
    expect(Math.abs(12 - 2 * first)).toBeLessThanOrEqual(2)
    await proxy.engine.order('ways', { egress: of([]) })
    const [one, ...others] = [await seen(proxy, target), await seen(proxy, target), await seen(proxy, target)]
    expect(others).toEqual([one, one])
    await proxy.engine.order('judge', ruleMemory(''))
    expect(await seen(proxy, target)).toBe('127.0.0.1')
  })

  it.each([
    ['one peer', '127.0.0.1'],
    ['a name', 'one.test'],
    ['anybody', '0.0.0.0'],
  ])('is where BIND listens for %s', async (_, host) => {
    const proxy = await startFor(of(['127.0.0.2']))
    const { client, place } = await bind(proxy, host)
    expect(place.address).toBe('127.0.0.2')
    const peer = await connectPeer(place.address, place.port, '127.0.0.1')
    expect((await expectReply(client, succeeded)).port).toBe(peer.socket.localPort)
    peer.write('from the peer')
    expect(await client.readText(13)).toBe('from the peer')
  })

  it('is of the family of the peer, and that of the rule, with BIND', async () => {
    const proxy = await startFor(of(['127.0.0.2', '::1'], 'turns'), undefined, 'allow to 127.0.0.4 via 127.0.0.3')
    for (let i = 0; i < 3; i++) {
      expect((await bind(proxy, '::1')).place.address).toBe('::1')
      expect((await bind(proxy, '127.0.0.1')).place.address).toBe('127.0.0.2')
      expect((await bind(proxy, '127.0.0.4')).place.address).toBe('127.0.0.3')
    }
  })

  it('that is gone is skipped and told with BIND; if none is left, it listens nowhere', async () => {
    const told: string[] = []
    const proxy = await startFor(of(['192.0.2.1', '127.0.0.2'], 'turns'), (message) => told.push(message))
    for (let i = 0; i < 4; i++) expect((await bind(proxy, '127.0.0.1')).place.address).toBe('127.0.0.2')
    await eventually(() => expect(told).toContain('egress 192.0.2.1 is no address of this machine now: it is skipped'))
    expect(told.length).toBeLessThanOrEqual(2)
    for (const gone of ['192.0.2.1', '::1', 'nosuch0'])
      for (const host of ['127.0.0.1', '0.0.0.0']) {
        await proxy.engine.order('ways', { egress: of([gone]) })
        await expectFailure(proxy, host, 0, Command.bind)
      }
  })

  it('is where datagrams leave from, of one association always from the same address', async () => {
    const [one, other, third] = [await openDatagrams(), await openDatagrams('127.0.0.4'), await openDatagrams('::1')]
    const proxy = await startFor(of(['127.0.0.2', '127.0.0.3', '::1'], 'turns'))
    const used: string[] = []
    for (let i = 0; i < 6; i++) {
      const association = await associate(proxy)
      const address = await seenBy(association, one, '127.0.0.1')
      expect(await seenBy(association, other, '127.0.0.4')).toBe(address)
      expect(await seenBy(association, third, '::1')).toBe('::1')
      expect(await seenBy(association, one, 'one.test')).toBe(address)
      used.push(address)
    }
    expect([...new Set(used)].sort()).toEqual(['127.0.0.2', '127.0.0.3'])
  })

  it('is where the datagrams of a live association leave from as soon as it is another', async () => {
    const target = await openDatagrams()
    const proxy = await startFor(new Map())
    const association = await associate(proxy)
    expect(await seenBy(association, target, '127.0.0.1')).toBe('127.0.0.1')
    await proxy.engine.order('ways', { egress: of(['127.0.0.2']) })
    expect(await seenBy(association, target, '127.0.0.1')).toBe('127.0.0.2')
    await proxy.engine.order('ways', { egress: of(['127.0.0.3', '127.0.0.2']) })
    expect(await seenBy(association, target, '127.0.0.1')).toBe('127.0.0.2')
    await proxy.engine.order('ways', { egress: wherever })
    expect(await seenBy(association, target, '127.0.0.1')).toBe('127.0.0.1')
  })

  it('of a rule counts for the datagrams that it allows, whichever they are', async () => {
    const hosts = Array.from({ length: 6 }, (_, i) => `127.0.1.${i + 1}`)
    const targets = await Promise.all(hosts.map((host) => openDatagrams(host)))
    const rules = hosts.map((host, i) => `allow to ${host} via 127.0.2.${i + 1}`).join('\n')
    const proxy = await startFor(of(['127.0.0.2']), undefined, rules)
    const association = await associate(proxy)
    for (const i of [0, 1, 2, 3, 4, 5, 0, 5, 1])
      expect(await seenBy(association, targets[i] as DatagramPeer, hosts[i] as string)).toBe(`127.0.2.${i + 1}`)
    // Those that come together go where they are to, too.
    await Promise.all(targets.map((target, i) => association.send(hosts[i] as string, target.port, `together ${i}`)))
    for (const [i, target] of targets.entries()) {
      const { data, address } = await target.next()
      expect([data.toString(), address]).toEqual([`together ${i}`, `127.0.2.${i + 1}`])
    }
  })

  it('that is gone is skipped and told with datagrams; if none is left, they are lost', async () => {
    const [ipv4, ipv6] = [await openDatagrams(), await openDatagrams('::1')]
    const told: string[] = []
    const proxy = await startFor(of(['192.0.2.1', '127.0.0.2'], 'turns'), (message) => told.push(message))
    for (let i = 0; i < 4; i++) {
      const association = await associate(proxy)
      await association.send('::1', ipv6.port, 'lost')
      expect(await seenBy(association, ipv4, '127.0.0.1')).toBe('127.0.0.2')
    }
    await eventually(() => expect(told).toContain('egress 192.0.2.1 is no address of this machine now: it is skipped'))
    expect(told.length).toBeLessThanOrEqual(2)
    await proxy.engine.order('ways', { egress: of(['::1']) })
    const association = await associate(proxy)
    await association.send('127.0.0.1', ipv4.port, 'lost')
    expect(await seenBy(association, ipv6, '::1')).toBe('::1')
    await proxy.engine.order('ways', { egress: of(['127.0.0.2']) })
    expect(await seenBy(association, ipv4, '127.0.0.1')).toBe('127.0.0.2')
  })
})

describe.each(engines)('$kind engine: egress', ({ start }) => {
  it('of several takes turns, each loop its own', async () => {
    const target = await startTarget()
    const proxy = await startProxy(start, { passwordRequired: true, egress: of(['127.0.0.2', '127.0.0.3'], 'turns') })
    const count = { '127.0.0.2': 0, '127.0.0.3': 0 }
    for (let i = 0; i < 12; i++) count[(await seen(proxy, target)) as keyof typeof count]++
    expect(count['127.0.0.2'] + count['127.0.0.3']).toBe(12)
    expect(Math.abs(count['127.0.0.2'] - count['127.0.0.3'])).toBeLessThanOrEqual(2)
  })
})
