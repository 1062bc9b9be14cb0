import { describe, expect, it, onTestFinished } from 'vitest'
import { Reason, State } from '../../daemon/engine/session-table.ts'
import { startBlackHole } from '../helpers/black-hole.ts'
import { bytes } from '../helpers/bytes.ts'
import { descriptors } from '../helpers/descriptors.ts'
import { enginesOfOneLoop, type Options, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import type { Peer } from '../helpers/peer.ts'
import { expectRefusal, greeting, request } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

/** A proxy for which each name has these addresses. */
function resolvingTo(addresses: readonly string[], timeouts: Options['timeouts'] = {}): Options {
  return { timeouts, services: { resolve: async () => addresses } }
}

/** A client that asks for the name, and has not heard an answer yet. */
async function ask(proxy: ProxyUnderTest, port: number): Promise<Peer> {
  const client = await proxy.client()
  client.write(bytes(greeting, request('many.test', port)))
  expect(await client.readHex(2)).toBe('0500')
  return client
}

/** A port on which all these addresses are silent. */
async function silence(...hosts: readonly string[]): Promise<number> {
  const port = await freePort()
  for (const host of hosts) await startBlackHole(host, port)
  return port
}

describe.each(enginesOfOneLoop)('$kind engine: the addresses of a name', ({ start }) => {
  it('are dialled beside one that is silent, long before its time is up, and the row shows the one that answers', async () => {
    const proxy = await startProxy(start, resolvingTo(['127.0.0.2', '127.0.0.3', '127.0.0.1']))
    const port = await silence('127.0.0.2', '127.0.0.3')
    const target = await startTarget('127.0.0.1', port)
    const before = descriptors().sockets
    const client = await proxy.open('many.test', port)
    const peer = await target.next()
    // Both ends of both connections: the other attempts are over.
    await eventually(() => expect(descriptors().sockets).toBe(before + 4))
    for (const [from, to] of [
      [client, peer],
      [peer, client],
    ] as const) {
      from.write('hello')
      expect(await to.readText(5)).toBe('hello')
    }
    const row = { state: State.open, target: `::ffff:127.0.0.1 ${port}`, up: 5, down: 5 }
    await eventually(() => expect(proxy.rows()).toMatchObject([row]))
    client.finish()
    expect(await peer.readTextToEnd()).toBe('')
    peer.finish()
    expect(await client.discard()).toBe('FIN')
    await proxy.empty()
  })

  it('take turns: the other family is second, whatever the order', async () => {
    const silent = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']
    const proxy = await startProxy(start, resolvingTo([...silent, '::1'], { connect: 120_000 }))
    const port = await silence(...silent)
    await startTarget('::1', port)
    await proxy.open('many.test', port)
    expect(proxy.rows()).toMatchObject([{ target: `::1 ${port}` }])
  })

  it('follow at once when one refuses: a hundred of them leave time for the last', async () => {
    const refusing = Array.from({ length: 100 }, (_, n) => `127.0.1.${n + 1}`)
    const proxy = await startProxy(start, resolvingTo([...refusing, '127.0.0.1'], { connect: 10_000 }))
    const target = await startTarget('127.0.0.1')
    await proxy.open('many.test', target.port)
  })

  it('are all tried, if more of them are silent than are dialled at once', async () => {
    const silent = Array.from({ length: 6 }, (_, n) => `127.0.0.${n + 2}`)
    const proxy = await startProxy(start, resolvingTo([...silent, '127.0.0.1'], { connect: 4_000 }))
    const port = await silence(...silent)
    await startTarget('127.0.0.1', port)
    await proxy.open('many.test', port)
  })

  it('are given up together when the time is up', async () => {
    const silent = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
    const proxy = await startProxy(start, resolvingTo(silent, { connect: 1_000 }))
    const client = await ask(proxy, await silence(...silent))
    await expectRefusal(client, '06')
  })

  it('are dialled four at once, and no more', async () => {
    const silent = Array.from({ length: 7 }, (_, n) => `127.0.0.${n + 2}`)
    const proxy = await startProxy(start, resolvingTo(silent, { connect: 3_000 }))
    const port = await silence(...silent)
    const before = descriptors().sockets
    const client = await ask(proxy, port)
    let most = 0
    const counting = setInterval(() => {
      most = Math.max(most, descriptors().sockets)
    }, 20)
    onTestFinished(() => clearInterval(counting))
    await expectRefusal(client, '06')
    expect(most).toBe(before + 2 + 4)
  })

  it.each([
    ['refused', '05', 'one refuses, before and after others are silent', ['127.0.0.3', '127.0.0.2', '127.0.0.4']],
    ['timedOut', '06', 'one is silent and one is forbidden', ['127.0.0.2', '127.0.0.5']],
    ['refused', '05', 'one is forbidden and one refuses', ['127.0.0.5', '127.0.0.3']],
    ['forbidden', '02', 'all are forbidden', ['127.0.0.5', '127.0.0.5']],
  ] as const)('that fail are told as %s (REP %s) if %s', async (reason, reply, _, addresses) => {
    const port = await silence('127.0.0.2')
    const forbidden = [{ address: '127.0.0.5', port }]
    const proxy = await startProxy(start, { ...resolvingTo(addresses, { connect: 1_500 }), forbidden })
    const client = await ask(proxy, port)
    await expectRefusal(client, reply)
    client.finish()
    expect((await proxy.onlyClosed()).reason).toBe(reason)
  })

  it('are left alone once the client is gone, or killed', async () => {
    const silent = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
    const port = await silence(...silent)
    const proxy = await startProxy(start, resolvingTo(silent))
    const before = descriptors().sockets
    const clients = [await ask(proxy, port), await ask(proxy, port)] as const
    // The client's socket and the proxy's of it, and three that are dialled.
    await eventually(() => expect(descriptors().sockets).toBe(before + 2 * 5))
    clients[0].reset()
    await eventually(() => expect(proxy.rows()).toHaveLength(1))
    expect(
      await proxy.engine.order(
        'kill',
        proxy.rows().map(({ serial }) => serial),
      ),
    ).toHaveLength(1)
    await clients[1].discard()
    clients[1].finish()
    await proxy.empty()
    expect(proxy.ended(Reason.gone) + proxy.ended(Reason.failed)).toBe(2)
    await eventually(() => expect(descriptors().sockets).toBe(before))
  })

  it('behind one that answers at once are left alone', async () => {
    const first = await startTarget('127.0.0.1')
    const second = await startTarget('::1', first.port)
    const proxy = await startProxy(start, resolvingTo(['127.0.0.1', '::1']))
    const client = await proxy.open('many.test', first.port)
    const peer = await first.next()
    client.finish()
    await peer.readToEnd()
    peer.finish()
    await proxy.empty()
    expect(second.unclaimed).toEqual([])
  })
})
