import { describe, expect, it } from 'vitest'
import { dialResults, families, type Histogram, resolveResults } from '../../daemon/engine/durations.ts'
import { Door, forwarded, Reason, SessionTable, State, Total } from '../../daemon/engine/session-table.ts'
import { RefusingLimit } from '../../daemon/engine/shared/limit-lines.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { openDatagrams, wrapped } from '../helpers/datagrams.ts'
import { alice, enginesOfOneLoop, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer } from '../helpers/peer.ts'
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
import { FakeLoop } from '../observe/fake-loop.ts'

function times(histogram: Histogram | undefined): number {
  return histogram?.counts.reduce((a, b) => a + b) ?? Number.NaN
}

/** How often what was waited for, with which result: what never happened is left out. */
function waits({ durations: { handshake, resolve, dial, session } }: SessionTable) {
  const named = [
    ['handshake', handshake],
    ...resolveResults.map((result, i) => [`resolve ${result}`, resolve[i]] as const),
    ...families.flatMap((family, f) => dialResults.map((result, i) => [`${family} ${result}`, dial[f]?.[i]] as const)),
    ['session', session],
  ] as const
  return Object.fromEntries(named.map(([name, each]) => [name, times(each)]).filter(([, count]) => count !== 0))
}

function onlyTable({ engine }: ProxyUnderTest): SessionTable {
  const [table] = engine.tables
  if (!table || engine.tables.length > 1) throw new Error('an engine of one loop has one table')
  return table
}

describe.each(enginesOfOneLoop)('$kind engine: what the loops count', ({ start }) => {
  it('is how long sessions waited for what, and what came of it', async () => {
    const [target, six, gone] = [await startTarget(), await startTarget('::1'), await startTarget('127.0.0.3')]
    const proxy = await startProxy(start, {
      forwards: [{ listen: { address: '127.0.0.1', port: 0 }, host: '127.0.0.1', port: target.port }],
      rules: 'deny to 127.0.0.4\ndeny to 0.0.0.0',
    })
    const table = onlyTable(proxy)
    const clients = [await proxy.open('one.test', target.port), await proxy.open('::1', six.port, '::1')]
    clients.push(await connectPeer('127.0.0.1', proxy.engine.forwarding[0]?.port ?? 0))
    await eventually(() => expect(waits(table)['ipv4 connected']).toBe(2))
    expect(waits(table)).toEqual({ handshake: 2, 'resolve found': 1, 'ipv4 connected': 2, 'ipv6 connected': 1 })
    expect([...table.arrived]).toEqual([1, 1, 1, 0])
    expect(table.arrived[2 * Door.forward]).toBe(1)

    const ask = async (host: string, port: number, reply: string) => {
      const client = await proxy.client()
      client.write(bytes(greeting, request(host, port)))
      expect(await client.readHex(2)).toBe('0500')
      await expectRefusal(client, reply)
      client.finish()
    }
    await ask('127.0.0.2', gone.port, '05')
    await ask('nowhere.test', 80, '04')
    // What the rules refuse waits for nothing: it is no handshake that led to something.
    await ask('127.0.0.4', 80, '02')
    // Nor is there a dial where no address of a name may be dialled.
    await ask('zero.test', 80, '02')
    for (const client of clients) client.finish()
    for (const each of [target, target, six]) (await each.next()).finish()
    await proxy.empty()
    expect(waits(table)).toEqual({
      handshake: 5,
      'resolve found': 2,
      'resolve not_found': 1,
      'ipv4 connected': 2,
      'ipv4 refused': 1,
      'ipv6 connected': 1,
      session: 3,
    })
    const ended = (reason: Reason, command: number) => table.endedFor(reason, command)
    expect([ended(Reason.finished, Command.connect), ended(Reason.finished, forwarded)]).toEqual([2, 1])
    expect([ended(Reason.refused, Command.connect), ended(Reason.notFound, Command.connect)]).toEqual([1, 1])
    expect([table.endedFor(Reason.forbidden), table.totals[Total.ruledAgainst]]).toEqual([2, 2])
  })

  it('is who logged in, whom limits refused, and names that were known', async () => {
    const target = await startTarget()
    const proxy = await startProxy(start, { passwordRequired: true })
    const table = onlyTable(proxy)
    const wrong = await proxy.client()
    wrong.write(bytes(greetingForLogin, login(alice.name, 'guess')))
    expect(await wrong.readHex(4)).toBe('05020101')
    wrong.finish()
    const first = await proxy.openAsAlice('one.test', target.port)
    const second = await proxy.openAsAlice('one.test', target.port)
    expect([table.totals[Total.loggedIn], table.totals[Total.denied]]).toEqual([2, 1])
    // The portable engine remembers no names itself.
    expect(table.totals[Total.nameKnown]).toBe(proxy.engine.kind === 'linux' ? 1 : 0)
    await proxy.limit(alice.index, { maxConnections: 2 })
    const third = await proxy.clientAsAlice()
    third.write(request('127.0.0.1', target.port))
    await expectRefusal(third, '02')
    expect(proxy.lines.refused(RefusingLimit.maxConnections)).toBe(1)
    for (const client of [first, second, third]) client.reset()
    await proxy.empty()
  })

  it('is how many datagrams were relayed, and how many were not', async () => {
    const proxy = await startProxy(start, {})
    const table = onlyTable(proxy)
    const client = await openDatagrams()
    const control = await proxy.client()
    control.write(bytes(greeting, request('127.0.0.1', client.port, Command.udpAssociate)))
    expect(await control.readHex(2)).toBe('0500')
    const relay = await expectReply(control, succeeded)
    const [target, stranger] = [await openDatagrams(), await openDatagrams()]
    const send = (bytes: Uint8Array) => client.send(bytes, relay.port, relay.address)
    await send(wrapped('one.test', target.port, 'by name'))
    const { port, address } = await target.next()
    await send(bytes(0, 0, 1, 'a fragment'))
    await stranger.send(wrapped('127.0.0.1', target.port, 'not the client'), relay.port, relay.address)
    await send(wrapped('127.0.0.1', target.port, 'by address'))
    await target.next()
    await target.send('answer', port, address)
    await client.next()
    await send(wrapped('nowhere.test', target.port, 'lost'))
    const counted = () =>
      [Total.relayedUp, Total.droppedUp, Total.relayedDown, Total.droppedDown].map((at) => table.totals[at])
    await eventually(() => expect(counted()).toEqual([2, 3, 1, 0]))
    control.finish()
    await proxy.empty()
  })
})

it('puts each time into the bucket whose bound it does not pass', () => {
  const loop = new FakeLoop()
  for (const took of [0, 100, 100.5, 21_600_001]) {
    loop.begin(0, { serial: 1, opened: 1 })
    loop.ask(0, '192.0.2.1', 80)
    loop.enter(0, State.open, 1)
    loop.end(0, Reason.finished, 1 + took)
  }
  const { counts, sum, bounds } = loop.table.durations.session
  expect(bounds).toEqual([100, 1000, 10_000, 60_000, 600_000, 3_600_000, 21_600_000])
  expect(counts).toEqual([2, 1, 0, 0, 0, 0, 0, 1])
  expect(sum).toBe(0 + 100 + 100.5 + 21_600_001)
})

it('is in the memory that all threads share', () => {
  const loop = new FakeLoop()
  loop.begin(0, { serial: 1, opened: 5 })
  loop.ask(0, '2001:db8::1', 80)
  loop.enter(0, State.connecting, 7)
  loop.enter(0, State.open, 9.5)
  loop.end(0, Reason.finished, 20)
  const { capacity, buffer } = loop.table
  const seen = new SessionTable(capacity, buffer)
  expect(waits(seen)).toEqual({ handshake: 1, 'ipv6 connected': 1, session: 1 })
  expect([seen.durations.handshake.sum, seen.durations.session.sum]).toEqual([2, 15])
})
