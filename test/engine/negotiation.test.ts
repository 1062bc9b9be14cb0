import { describe, expect, it, vi } from 'vitest'
import type { Admission, EngineServices, Login } from '../../daemon/engine/engine.ts'
import { Reason, State, Total } from '../../daemon/engine/session-table.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import {
  alice,
  aliceChanged,
  asAlice,
  enginesOfOneLoop,
  openPolicy,
  sharedProxy,
  startProxy,
} from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import {
  expectRefusal,
  expectReply,
  greeting,
  greetingForLogin,
  login,
  request,
  succeeded,
} from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

const goodLogin = login(alice.name, alice.password)

describe.each(enginesOfOneLoop)('$kind engine: negotiation', ({ start }) => {
  const shared = sharedProxy(start)
  const locked = sharedProxy(start, { passwordRequired: true })

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
    ['::1', '::1'],
  ])('serves a client on %s to a target on %s, and replies with the true outbound address', async (via, host) => {
    const proxy = await shared()
    const target = await startTarget(host)
    const client = await proxy.client(via)
    client.write(bytes(greeting, request(host, target.port)))
    expect(await client.readHex(2)).toBe('0500')
    const bound = await expectReply(client, succeeded)
    const { remoteAddress, remotePort } = (await target.next()).socket
    expect(bound).toEqual({ address: remoteAddress, port: remotePort })
  })

  it('takes the whole conversation in one segment, data included', async () => {
    const proxy = await locked()
    const target = await startTarget()
    const client = await proxy.client()
    client.write(bytes(greetingForLogin, goodLogin, request('127.0.0.1', target.port), 'early'))
    const peer = await target.next()
    expect(await peer.readText(5)).toBe('early')
    expect(await client.readHex(4)).toBe('05020100')
    await expectReply(client, succeeded)
  })

  it('takes the conversation a byte at a time', async () => {
    const proxy = await locked()
    const target = await startTarget()
    const client = await proxy.client()
    for (const octet of bytes(greetingForLogin, goodLogin, request('127.0.0.1', target.port)))
      client.write(bytes(octet))
    expect(await client.readHex(4)).toBe('05020100')
    await expectReply(client, succeeded)
  })

  it('takes a request that comes while the login is being checked', async () => {
    const checked = Promise.withResolvers<Admission>()
    const authenticate = vi.fn(() => checked.promise)
    const proxy = await startProxy(start, { passwordRequired: true, services: { authenticate } })
    const target = await startTarget()
    const client = await proxy.client()
    client.write(bytes(greetingForLogin, goodLogin))
    await eventually(() => expect(authenticate).toHaveBeenCalled())
    client.write(request('127.0.0.1', target.port))
    checked.resolve(asAlice)
    expect(await client.readHex(4)).toBe('05020100')
    await expectReply(client, succeeded)
  })

  it('forgets a client that leaves while its login is checked', async () => {
    const checked = Promise.withResolvers<Admission>()
    const authenticate = vi.fn((_: Login, isWaiting: () => boolean) => {
      expect(isWaiting()).toBe(true)
      return checked.promise
    })
    const proxy = await startProxy(start, { passwordRequired: true, services: { authenticate } })
    const client = await proxy.client()
    client.write(bytes(greetingForLogin, goodLogin))
    await eventually(() => expect(authenticate).toHaveBeenCalled())
    client.reset()
    await proxy.empty()
    expect(authenticate.mock.calls[0]?.[1]()).toBe(false)
    const other = await proxy.client()
    checked.resolve(asAlice)
    other.write(bytes(greetingForLogin, goodLogin))
    expect(await other.readHex(4)).toBe('05020100')
    expect(proxy.userSessions(alice.index)).toBe(1)
  })

  it.each([
    ['a wrong password', login(alice.name, 'guess'), '05020101'],
    ['a user that does not exist', login('mallory', alice.password), '05020101'],
    ['an empty password', login(alice.name, ''), '05020101'],
    ['a login of another version', bytes(5, 1, 0, 1), '05020101'],
  ])('refuses %s and closes', async (_, wrong, answer) => {
    const proxy = await locked()
    const client = await proxy.client()
    client.write(bytes(greetingForLogin, wrong))
    expect((await client.readToEnd()).toString('hex')).toBe(answer)
    client.finish()
    await proxy.empty()
    expect(proxy.ended(Reason.denied)).toBe(1)
  })

  it('refuses a client that offers no password when one is required, from the moment it is', async () => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    await proxy.open('127.0.0.1', target.port)
    await proxy.engine.order('apply', { ...openPolicy, passwordRequired: true })
    const client = await proxy.client()
    client.write(greeting)
    expect((await client.readToEnd()).toString('hex')).toBe('05ff')
    client.finish()
    await proxy.openAsAlice('127.0.0.1', target.port)
    await eventually(() => expect(proxy.ended(Reason.denied)).toBe(1))
  })

  it('has clients ask by the settings of that moment, however long they were silent before', async () => {
    const proxy = await startProxy(start)
    const [silent, greeted, speechless] = [await proxy.client(), await proxy.client(), await proxy.client()]
    greeted.write(greeting)
    expect(await greeted.readHex(2)).toBe('0500')
    await eventually(() => expect(proxy.rows()).toHaveLength(3))
    await proxy.engine.order('apply', { commands: [Command.connect] })
    greeted.write(request('0.0.0.0', 0, Command.bind))
    await expectRefusal(greeted, '07')
    silent.write(bytes(greeting, request('0.0.0.0', 0, Command.bind)))
    expect(await silent.readHex(2)).toBe('0500')
    await expectRefusal(silent, '07')
    await proxy.engine.order('apply', { protocols: ['http'] })
    speechless.write(greeting)
    expect(await speechless.readToEnd()).toHaveLength(0)
    for (const client of [silent, greeted, speechless]) client.finish()
    await proxy.empty()
  })

  it('remembers a good login until the user changes', async () => {
    const authenticate = vi.fn(async () => asAlice)
    const proxy = await startProxy(start, { passwordRequired: true, services: { authenticate } })
    const target = await startTarget()
    const logins = proxy.engine.tables.length * 8
    for (let i = 0; i < logins; i++) await proxy.openAsAlice('127.0.0.1', target.port)
    const checks = authenticate.mock.calls.length
    expect(checks).toBeLessThanOrEqual(proxy.engine.tables.length)

    expect(await proxy.engine.order('userChanged', aliceChanged)).toHaveLength(0)
    await proxy.openAsAlice('127.0.0.1', target.port)
    expect(authenticate).toHaveBeenCalledTimes(checks + 1)
    expect(proxy.userSessions(alice.index)).toBe(logins + 1)
  })

  it.each([
    ['keeps out a user who was removed', undefined, '05020101'],
    ['lets in a user whose password changed, by the new one', { ...asAlice, revision: 2 }, '05020100'],
  ])('%s while the answer to their login was on its way', async (_, now, answer) => {
    const [before, after] = [Promise.withResolvers<Admission>(), Promise.withResolvers<typeof now>()]
    const authenticate = vi.fn<EngineServices['authenticate']>(() => after.promise)
    authenticate.mockImplementationOnce(() => before.promise)
    const proxy = await startProxy(start, { passwordRequired: true, services: { authenticate } })
    const client = await proxy.client()
    client.write(bytes(greetingForLogin, goodLogin))
    await eventually(() => expect(authenticate).toHaveBeenCalledTimes(1))

    expect(await proxy.engine.order('userChanged', { ...aliceChanged, revision: 2, cut: true })).toHaveLength(0)
    before.resolve(asAlice)
    await eventually(() => expect(authenticate).toHaveBeenCalledTimes(2))
    expect(proxy.userSessions(alice.index)).toBe(0)
    after.resolve(now)
    expect(await client.readHex(4)).toBe(answer)
    expect(proxy.userSessions(alice.index)).toBe(now ? 1 : 0)
  })

  it('has clients log in, or not, by the order that tells of a changed user', async () => {
    const proxy = await startProxy(start)
    for (const [passwordRequired, answer] of [
      [true, '05ff'],
      [false, '0500'],
    ] as const) {
      await proxy.engine.order('userChanged', { ...aliceChanged, passwordRequired })
      const client = await proxy.client()
      client.write(greeting)
      expect(await client.readHex(2)).toBe(answer)
      client.reset()
    }
    await proxy.empty()
  })

  it('serves nobody without a login who was greeted before one was needed', async () => {
    const proxy = await startProxy(start)
    const [greeted, silent] = [await proxy.client(), await proxy.client()]
    greeted.write(greeting)
    expect(await greeted.readHex(2)).toBe('0500')
    await eventually(() => expect(proxy.rows()).toHaveLength(2))
    await proxy.engine.order('userChanged', aliceChanged)
    greeted.write(request('127.0.0.1', 1))
    silent.write(bytes(greeting, request('127.0.0.1', 1)))
    await expectRefusal(greeted, '02')
    await silent.discard()
    greeted.finish()
    silent.finish()
    await proxy.empty()
    expect(proxy.closed().map(({ reason }) => reason)).toEqual(['denied', 'denied'])
  })

  it('tells whoever checks a login where it comes from', async () => {
    const authenticate = vi.fn(async (_: Login) => asAlice)
    const proxy = await startProxy(start, { passwordRequired: true, services: { authenticate } })
    for (const via of ['127.0.0.1', '::1']) {
      const client = await proxy.client(via)
      client.write(bytes(greetingForLogin, login(alice.name, via)))
      expect(await client.readHex(4)).toBe('05020100')
    }
    const sources = authenticate.mock.calls.map(([{ source }]) => Buffer.from(source).toString('hex'))
    expect(sources).toEqual(['00000000000000000000ffff7f000001', '00000000000000000000000000000001'])
  })

  it('lets a refused client finish what it is saying', async () => {
    const proxy = await shared()
    const client = await proxy.client()
    client.write(bytes(greeting, 5, 9, 0, 1, 127, 0, 0, 1, 0, 80, new Uint8Array(2000)))
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, '07')
    // Closed already, its socket would answer the one with an RST, and the other would fail.
    await client.flush(new Uint8Array(2000))
    await client.flush(new Uint8Array(2000))
    client.finish()
    expect(await client.ending).toBe('closed')
  })

  it('delivers a refusal to a client that has sent much behind its request, and finished', async () => {
    const proxy = await shared()
    const client = await proxy.client()
    client.write(bytes(greeting, 5, 9, 0, 1, 127, 0, 0, 1, 0, 80, new Uint8Array(100_000)))
    client.finish()
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, '07')
  })

  it('lets go of a client that never closes after its refusal', async () => {
    const proxy = await shared()
    const client = await proxy.client()
    client.write(bytes(greeting, 5, 9, 0, 1, 127, 0, 0, 1, 0, 80))
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, '07')
    expect(proxy.rows()).toMatchObject([{ state: State.closing }])
    await proxy.empty()
    expect(proxy.failed).toBe(1)
  })

  it('says nothing to what it does not understand', async () => {
    const proxy = await shared()
    const client = await proxy.client()
    client.write('(get / HTTP/1.1\r\n\r\n')
    expect(await client.readTextToEnd()).toBe('')
  })

  it('survives clients that go at any moment', async () => {
    const proxy = await locked()
    const target = await startTarget()
    const conversation = bytes(greetingForLogin, goodLogin, request('one.test', target.port), 'early')
    const visit = async (length: number, departure: 'finish' | 'reset') => {
      const client = await proxy.client()
      await client.flush(conversation.subarray(0, length))
      client[departure]()
    }
    // From the first byte on: an engine need not see a client that never spoke.
    const visits = Array.from(conversation, (_, i) => [visit(i + 1, 'finish'), visit(i + 1, 'reset')])
    await Promise.all(visits.flat())
    await eventually(() => {
      for (const peer of target.unclaimed) peer.finish()
      expect(proxy.total(Total.connected) + proxy.failed).toBe(conversation.length * 2)
    })
    expect(proxy.total(Total.accepted)).toBe(conversation.length * 2)
  })

  it.each([
    ['nothing', bytes()],
    ['half a greeting', bytes(5, 2, 0)],
    ['a greeting', greetingForLogin],
    ['half a login', bytes(greetingForLogin, 1, 5, 'ali')],
    ['half a request', bytes(greetingForLogin, goodLogin, 5, 1, 0, 1)],
  ])('ends a client that falls silent after %s', async (_, said) => {
    const proxy = await startProxy(start, { passwordRequired: true, timeouts: { negotiation: 200 } })
    const client = await proxy.client()
    client.write(said)
    await client.discard()
    await proxy.empty()
    expect(proxy.failed).toBe(1)
  })

  it('ends a client whose login check does not come in time', async () => {
    const services = { authenticate: () => new Promise<undefined>(() => {}) }
    const proxy = await startProxy(start, { passwordRequired: true, timeouts: { negotiation: 200 }, services })
    const client = await proxy.client()
    client.write(bytes(greetingForLogin, goodLogin))
    await client.discard()
  })

  it('gives no more time to a client that trickles', async () => {
    const proxy = await startProxy(start, { timeouts: { negotiation: 300 } })
    const client = await proxy.client()
    client.write(bytes(5, 255))
    const trickle = setInterval(() => client.write(bytes(7)), 50)
    await client.discard()
    clearInterval(trickle)
    expect(client.socket.bytesWritten).toBeLessThan(2 + 255)
  })
})
