import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseNetwork } from '../../daemon/net/network.ts'
import { firstRuleId } from '../../daemon/policy/rule-set.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { openDatagrams, wrapped } from '../helpers/datagrams.ts'
import { alice, engines, enginesOfOneLoop, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { connectPeer } from '../helpers/peer.ts'
import { ruleMemory } from '../helpers/rules.ts'
import { expectRefusal, expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

async function expectForbidden(proxy: ProxyUnderTest, host: string, port: number, via?: string): Promise<void> {
  const client = await proxy.client(via)
  client.write(bytes(greeting, request(host, port)))
  expect(await client.readHex(2)).toBe('0500')
  await expectRefusal(client, '02')
  client.finish()
}

async function expectForbiddenBind(proxy: ProxyUnderTest, host: string): Promise<void> {
  const client = await proxy.client()
  client.write(bytes(greeting, request(host, 0, Command.bind)))
  expect(await client.readHex(2)).toBe('0500')
  await expectRefusal(client, '02')
  client.finish()
}

const indexOf = (kind: 'user' | 'group', name: string) =>
  kind === 'user' && name === alice.name ? alice.index : undefined

describe.each(enginesOfOneLoop)('$kind engine: rules', ({ start }) => {
  it('keep clients from names, networks and ports, with REP 02, and the row says which rule', async () => {
    const target = await startTarget('127.0.0.1')
    const rules = `deny to *.test port 9\ndeny to 127.0.0.2/32\ndeny to one.test\nallow to ::1\ndeny to 127.0.0.3`
    const proxy = await startProxy(start, { rules })
    await expectForbidden(proxy, 'x.test', 9)
    await expectForbidden(proxy, '127.0.0.2', target.port)
    await expectForbidden(proxy, 'one.test', target.port)
    // All of its addresses are denied.
    await expectForbidden(proxy, 'dead.test', target.port)
    await proxy.open('127.0.0.1', target.port)
    const ids = proxy.closed().map(({ reason, rule }) => [reason, rule])
    expect(ids.sort()).toEqual(
      [firstRuleId, firstRuleId + 1, firstRuleId + 2, firstRuleId + 4].map((id) => ['forbidden', id]),
    )
  })

  it('lead on to those of a name that are allowed', async () => {
    const target = await startTarget('127.0.0.1', await freePort())
    const six = await startTarget('::1', target.port)
    const proxy = await startProxy(start, { rules: 'deny to ::1' })
    await proxy.open('both.test', target.port)
    expect(six.unclaimed).toEqual([])
    await target.next()
    expect(proxy.rows().map(({ rule }) => rule)).toEqual([0])
  })

  it('are about users and where they come from', async () => {
    const target = await startTarget('127.0.0.1')
    const rules = `deny user:${alice.name} port ${target.port}\ndeny user:bob\ndeny from ::1`
    const proxy = await startProxy(start, { rules, indexOf })
    await proxy.open('127.0.0.1', target.port)
    await expectForbidden(proxy, '127.0.0.1', target.port, '::1')
    await proxy.engine.order('apply', { passwordRequired: true })
    const client = await proxy.clientAsAlice()
    client.write(request('127.0.0.1', target.port))
    await expectRefusal(client, '02')
    client.finish()
    // Users are told of by name.
    const anonymous = { source: parseNetwork('::/64'), count: 1, by: firstRuleId + 2 }
    expect(proxy.sources.takeRefused('rules')).toEqual([anonymous])
  })

  it('are not asked about who comes in place of the peer of a BIND', async () => {
    const proxy = await startProxy(start, { rules: 'deny to 127.0.0.2' })
    const client = await proxy.client()
    client.write(bytes(greeting, request('127.0.0.1', 0, Command.bind)))
    expect(await client.readHex(2)).toBe('0500')
    const { address, port } = await expectReply(client, succeeded)
    const stranger = await connectPeer(address, port, '127.0.0.2').then(
      (peer) => peer.discard(),
      ({ code }) => code,
    )
    expect(stranger).toBe('ECONNRESET')
    expect(proxy.rows().map(({ rule }) => rule)).toEqual([0])
    expect(proxy.sources.takeRefused('rules')).toEqual([])
  })

  it.each([
    ['a BIND', Command.bind],
    ['an association', Command.udpAssociate],
  ] as const)('judge nothing for %s that is over before its name is found', async (_, command) => {
    const [asked, found] = [Promise.withResolvers<void>(), Promise.withResolvers<readonly string[]>()]
    const resolve = () => {
      asked.resolve()
      return found.promise
    }
    const proxy = await startProxy(start, { services: { resolve }, rules: 'deny to 127.0.0.9' })
    const client = await proxy.client()
    const isBind = command === Command.bind
    client.write(bytes(greeting, request(isBind ? 'slow.test' : '0.0.0.0', isBind ? 80 : 0, command)))
    expect(await client.readHex(2)).toBe('0500')
    if (!isBind) {
      const { address, port } = await expectReply(client, succeeded)
      await (await openDatagrams()).send(wrapped('slow.test', 80, 'x'), port, address)
    }
    await asked.promise
    client.finish()
    await proxy.empty()
    // Whoever comes next has the same row.
    const target = await startTarget('127.0.0.1')
    const next = await proxy.open('127.0.0.1', target.port)
    found.resolve(['127.0.0.9'])
    next.write('x')
    expect(await (await target.next()).readText(1)).toBe('x')
    expect(proxy.rows().map(({ rule }) => rule)).toEqual([0])
    expect(proxy.sources.takeRefused('rules')).toEqual([])
  })

  it('judge each datagram, and an association by what it may do at all', async () => {
    const [allowed, denied] = [await openDatagrams(), await openDatagrams()]
    const proxy = await startProxy(start, { rules: `deny to one.test port ${denied.port}\ndeny to 127.0.0.2` })
    const client = await openDatagrams()
    const control = await proxy.client()
    control.write(bytes(greeting, request('0.0.0.0', 0, Command.udpAssociate)))
    expect(await control.readHex(2)).toBe('0500')
    const relay = await expectReply(control, succeeded)
    const send = (host: string, port: number, payload: string) =>
      client.send(wrapped(host, port, payload), relay.port, relay.address)
    await send('one.test', denied.port, 'denied')
    await send('127.0.0.1', denied.port, 'not that name')
    await send('one.test', allowed.port, 'allowed')
    expect((await denied.next()).data.toString()).toBe('not that name')
    expect((await allowed.next()).data.toString()).toBe('allowed')

    // What was decided before does not count any more, and the association goes on.
    expect(await proxy.engine.order('judge', ruleMemory(`deny port ${allowed.port}`))).toEqual([])
    await send('one.test', allowed.port, 'denied now')
    await send('one.test', denied.port, 'allowed now')
    const { data, port, address } = await denied.next()
    expect(data.toString()).toBe('allowed now')
    // Whoever may not be sent to any more does not answer any more either.
    await proxy.engine.order('judge', ruleMemory('deny to one.test'))
    await denied.send('from whom is denied', port, address)
    const other = await openDatagrams('127.0.0.2')
    await send('127.0.0.2', other.port, 'x')
    await other.next()
    await other.send('from another', port, address)
    expect((await client.next()).data.toString()).toMatch(/from another$/)
    expect(await proxy.engine.order('judge', ruleMemory('deny cmd udp-associate'))).toHaveLength(1)
    expect(await control.ending).toBe('ECONNRESET')
    expect(proxy.closed().map(({ reason }) => reason)).toEqual(['revoked'])
  })

  it('judge the name of a datagram as that of any request: one that is denied reaches no address that is allowed, and is not looked up', async () => {
    const target = await openDatagrams()
    const asked: string[] = []
    const resolve = async (name: string) => {
      asked.push(name)
      return ['127.0.0.1']
    }
    const rules = 'allow to 127.0.0.0/8\ndeny to one.test'
    const proxy = await startProxy(start, { rules, services: { resolve } })
    await expectForbidden(proxy, 'one.test', target.port)
    const control = await proxy.client()
    control.write(bytes(greeting, request('0.0.0.0', 0, Command.udpAssociate)))
    expect(await control.readHex(2)).toBe('0500')
    const relay = await expectReply(control, succeeded)
    const client = await openDatagrams()
    const send = (host: string, payload: string) =>
      client.send(wrapped(host, target.port, payload), relay.port, relay.address)
    await send('one.test', 'denied')
    await send('two.test', 'allowed')
    expect((await target.next()).data.toString()).toBe('allowed')
    expect(asked).toEqual(['two.test'])

    // A name that is known already is no other, and neither is one that was allowed before.
    await proxy.engine.order('judge', ruleMemory('allow to 127.0.0.0/8\ndeny to two.test'))
    await send('two.test', 'denied now')
    await send('127.0.0.1', 'by its address')
    expect((await target.next()).data.toString()).toBe('by its address')
  })

  it('judge whom a BIND expects, and who comes', async () => {
    const proxy = await startProxy(start, { rules: 'deny to 127.0.0.9' })
    await expectForbiddenBind(proxy, '127.0.0.9')
    const client = await proxy.client()
    client.write(bytes(greeting, request('0.0.0.0', 0, Command.bind)))
    expect(await client.readHex(2)).toBe('0500')
    const { address, port } = await expectReply(client, succeeded)
    const stranger = connect({ host: address, port, localAddress: '127.0.0.9' })
    onTestFinished(() => void stranger.destroy())
    stranger.on('error', () => {})
    await new Promise((resolve) => stranger.once('close', resolve))
    const peer = await connectPeer(address, port)
    await expectReply(client, succeeded)
    peer.write('x')
    expect(await client.readText(1)).toBe('x')
  })

  it('end at their time', async () => {
    const target = await startTarget('127.0.0.1')
    const past = new Date(Date.now() - 1000).toISOString().replace(/\.\d+/, '')
    const proxy = await startProxy(start, { rules: `deny to any until ${past}` })
    await proxy.open('127.0.0.1', target.port)
  })

  it('deny commands', async () => {
    const proxy = await startProxy(start, { rules: 'deny cmd bind,udp-associate' })
    for (const command of [Command.bind, Command.udpAssociate]) {
      const client = await proxy.client()
      client.write(bytes(greeting, request('0.0.0.0', 0, command)))
      expect(await client.readHex(2)).toBe('0500')
      await expectRefusal(client, '02')
      client.finish()
    }
  })

  it('do not keep a forward from its destination', async () => {
    const target = await startTarget('127.0.0.1')
    const listen = { address: '127.0.0.1', port: 0 }
    const forwards = [{ listen, host: '127.0.0.1', port: target.port }]
    const proxy = await startProxy(start, { forwards, rules: 'deny to any' })
    await connectPeer('127.0.0.1', proxy.engine.forwarding[0]?.port ?? 0)
    await target.next()
    expect(await proxy.engine.order('judge', ruleMemory('deny to any'))).toEqual([])
  })
})

// Each loop hears of it.
describe.each(engines)('$kind engine: rules', ({ start }) => {
  it('that change end live sessions that they deny, and only those', async () => {
    const [denied, other] = [await startTarget('127.0.0.1'), await startTarget('127.0.0.1')]
    const proxy = await startProxy(start)
    const cut = await proxy.open('one.test', denied.port)
    const kept = await proxy.open('one.test', other.port)
    const ended = await proxy.engine.order('judge', ruleMemory(`deny to one.test port ${denied.port}`))
    expect(ended).toHaveLength(1)
    expect(await cut.ending).toBe('ECONNRESET')
    kept.write('x')
    expect(await (await other.next()).readText(1)).toBe('x')
    await eventually(() =>
      expect(proxy.closed().map(({ reason, rule }) => [reason, rule])).toEqual([['revoked', firstRuleId]]),
    )
  })

  it('that change end live sessions to the unspecified address, and no BIND that is for anybody', async () => {
    const target = await startTarget('::1')
    const proxy = await startProxy(start, { services: { resolve: async () => ['::'] } })
    for (const host of ['::', 'any.test']) await proxy.open(host, target.port)
    for (const host of ['::', '0.0.0.0']) {
      const waiting = await proxy.client()
      waiting.write(bytes(greeting, request(host, 0, Command.bind)))
      expect(await waiting.readHex(2)).toBe('0500')
      await expectReply(waiting, succeeded)
    }
    const live = () => proxy.rows().map(({ target }) => target)
    expect(live()).toHaveLength(4)
    expect(await proxy.engine.order('judge', ruleMemory('deny to ::/128\ndeny to 0.0.0.0'))).toHaveLength(2)
    await eventually(() => expect(live()).toHaveLength(2))
  })

  it('that change refuse who waits for a destination still', async () => {
    const resolution = Promise.withResolvers<readonly string[]>()
    const proxy = await startProxy(start, { services: { resolve: () => resolution.promise } })
    const client = await proxy.client()
    client.write(bytes(greeting, request('slow.test', 80)))
    await eventually(() => expect(proxy.rows().map(({ name }) => name)).toEqual(['slow.test']))
    expect(await proxy.engine.order('judge', ruleMemory('deny to slow.test'))).toHaveLength(1)
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, '02')
    client.finish()
    resolution.resolve(['127.0.0.1'])
    await proxy.empty()
  })
})
