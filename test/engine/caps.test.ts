import { describe, expect, it } from 'vitest'
import type { Login } from '../../daemon/engine/engine.ts'
import { Reason, Total } from '../../daemon/engine/session-table.ts'
import { eachSource, type LineLimits, RefusingLimit } from '../../daemon/engine/shared/limit-lines.ts'
import { parseNetwork } from '../../daemon/net/network.ts'
import { bytes } from '../helpers/bytes.ts'
import { alice, engines, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
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

/** What becomes of a client who says nothing; it may be reset before it knows that it is connected. */
function whatBecomes(client: Promise<Peer>): Promise<string> {
  return client.then(
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
    expect([lines.live(alice.index), lines.refusals(alice.index, RefusingLimit.maxConnections)]).toEqual([2, 1])
    await leave(first)
    await eventually(() => expect(lines.live(alice.index)).toBe(1))
    await ask(succeeded)
  })

  it('a source has as many as may be, and is reset before the greeting', async () => {
    const { proxy, lines, limit, leave } = await startLimited(start)
    await limit(eachSource, { maxConnections: 2 })
    const clients = [await proxy.client(), await proxy.client()]
    await eventually(() => expect(proxy.rows()).toHaveLength(2))
    expect(await whatBecomes(proxy.client())).toBe('ECONNRESET')
    await eventually(() => expect([proxy.ended(Reason.limitSource), lines.allRefusals(eachSource)]).toEqual([1, 1]))
    const by = RefusingLimit.maxConnections
    expect(proxy.sources.takeRefused('limits')).toEqual([{ source: parseNetwork('127.0.0.1'), count: 1, by }])
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
    const comings = Array.from({ length: 30 }, () => whatBecomes(proxy.client()))
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
    expect(lines.refusals(alice.index, RefusingLimit.maxSources)).toBe(1)
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
    const { proxy, lines, ask } = await startLimited(start)
    const there = await ask(succeeded, '::1')
    const here = await ask(succeeded)
    const sources = new Map([
      [alice.index, [parseNetwork('127.0.0.0/8')]],
      [2, [parseNetwork('10.0.0.0/8')]],
    ])
    expect(await proxy.engine.order('ways', { sources })).toHaveLength(1)
    expect(await there.ending).toBe('ECONNRESET')
    await ask(notAllowed, '::1')
    await eventually(() => expect(proxy.ended(Reason.sources)).toBe(2))
    expect(lines.refusals(alice.index, RefusingLimit.sources)).toBe(1)
    await ask(succeeded)
    expect(here.socket.destroyed).toBe(false)
    expect(await proxy.engine.order('ways', { sources: new Map([[2, undefined]]) })).toEqual([])
    await ask(notAllowed, '::1')
    await proxy.engine.order('ways', { sources: new Map([[alice.index, undefined]]) })
    await ask(succeeded, '::1')
  })

  it('a user has no more who all come at once', async () => {
    const { proxy, lines, target, limit } = await startLimited(start)
    await limit(alice.index, { maxConnections: 5 })
    const clients = await Promise.all(Array.from({ length: 20 }, () => proxy.clientAsAlice()))
    for (const client of clients) client.write(request(target.host, target.port))
    const replies = await Promise.all(clients.map((client) => client.readHex(2)))
    expect(replies.sort()).toEqual([...Array(5).fill('0500'), ...Array(15).fill(`05${notAllowed}`)])
    expect([lines.live(alice.index), lines.allRefusals(alice.index)]).toEqual([5, 15])
  })

  it("a forward's clients have as many as may be, and the next is reset", async () => {
    const target = await startTarget()
    const forwards = [{ listen: { address: '127.0.0.1', port: 0 }, host: target.host, port: target.port }]
    const proxy = await startProxy(start, { forwards })
    await proxy.limit(0, { maxConnections: 1 })
    const come = () => connectPeer('127.0.0.1', proxy.engine.forwarding[0]?.port ?? 0)
    const first = await come()
    await target.next()
    expect(await whatBecomes(come())).toBe('ECONNRESET')
    await eventually(() => expect(proxy.ended(Reason.limitUser)).toBe(1))
    first.reset()
    await proxy.empty()
    await come()
    await target.next()
  })

  it.each([
    ['user', true, Reason.limitUser],
    ['address without a login', false, Reason.limitSource],
  ])('a %s that has a quarter of all places gets none of the last tenth', async (_, passwordRequired, reason) => {
    const authenticate = async ({ username }: Login) => ({ user: username[0] === 97 ? alice.index : 8, revision: 1 })
    const proxy = await startProxy(start, { passwordRequired, maxSessions: 100, services: { authenticate } })
    const target = await startTarget()
    const ask = async (who: string, from: string) => {
      const client = await proxy.client(from)
      client.write(passwordRequired ? bytes(greetingForLogin, login(who, 'secret')) : greeting)
      expect(await client.readHex(passwordRequired ? 4 : 2)).toBe(passwordRequired ? '05020100' : '0500')
      client.write(request(target.host, target.port))
      return client
    }
    const few = await ask('bob', '::1')
    await expectReply(few, succeeded)
    const held: Peer[] = []
    for (let i = 0; i < 89; i++) {
      const client = await ask('alice', '127.0.0.1')
      await expectReply(client, succeeded)
      held.push(client)
    }
    for (let i = 0; i < 20; i++) await expectRefusal(await ask('alice', '127.0.0.1'), notAllowed)
    await eventually(() => expect(proxy.ended(reason)).toBe(20))
    for (let i = 0; i < 9; i++) await expectReply(await ask('bob', '::1'), succeeded)
    for (const client of held.splice(0, 10)) {
      client.reset()
      await client.ending
    }
    await eventually(() => expect(proxy.rows()).toHaveLength(89))
    await expectReply(await ask('alice', '127.0.0.1'), succeeded)
  })

  it('of few places one user may have all', async () => {
    const proxy = await startProxy(start, { passwordRequired: true, maxSessions: 12 })
    const target = await startTarget()
    for (let i = 0; i < 12; i++) await proxy.openAsAlice(target.host, target.port)
  })

  it('what somebody may not have counts for nothing, and what fails counts no longer', async () => {
    const { proxy, lines, limit, ask } = await startLimited(start)
    await limit(alice.index, { maxConnections: 1 })
    for (const [host, reply] of [
      ['127.0.0.2', '05'],
      ['nowhere.test', '04'],
    ] as const) {
      const client = await proxy.clientAsAlice()
      client.write(request(host, 9))
      await expectRefusal(client, reply)
      client.finish()
    }
    await proxy.empty()
    expect([lines.live(alice.index), lines.allRefusals(alice.index)]).toEqual([0, 0])
    await ask(succeeded)
  })

  it('who is barred is cut, and gets in no more', async () => {
    const { proxy, lines, limit, ask } = await startLimited(start)
    const client = await ask(succeeded)
    lines.bar(alice.index, Reason.expired)
    expect(await proxy.engine.order('limit', undefined)).toHaveLength(1)
    expect(await client.ending).toBe('ECONNRESET')
    await ask(notAllowed)
    await eventually(() => expect(proxy.ended(Reason.expired)).toBe(2))
    expect(lines.refusals(alice.index, RefusingLimit.expires)).toBe(1)
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
})
