import { describe, expect, it, vi } from 'vitest'
import { forwarded, Reason, State, Total } from '../../daemon/engine/session-table.ts'
import { ListenError } from '../../daemon/sockets/listeners.ts'
import { startBlackHole } from '../helpers/black-hole.ts'
import { enginesOfOneLoop, type Options, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'

/** A forward on any free port of 127.0.0.1 to there. */
function forwardTo(host: string, port: number): Pick<Options, 'forwards'> {
  return { forwards: [{ listen: { address: '127.0.0.1', port: 0 }, host, port }] }
}

/** A client of the first forward. */
function enter(proxy: ProxyUnderTest): Promise<Peer> {
  return connectPeer('127.0.0.1', proxy.engine.forwarding[0]?.port ?? 0)
}

describe.each(enginesOfOneLoop)('$kind engine: a forward', ({ start }) => {
  it.each([
    ['127.0.0.1', '127.0.0.1', ''],
    ['::1', '::1', ''],
    ['both.test', '127.0.0.1', 'both.test'],
  ])('connects its clients to %s, without a word of its own', async (host, at, name) => {
    const target = await startTarget(at)
    const proxy = await startProxy(start, { ...forwardTo(host, target.port), passwordRequired: true })
    const client = await enter(proxy)
    const peer = await target.next()
    peer.write('welcome')
    expect(await client.readText(7)).toBe('welcome')
    client.write('thanks')
    client.finish()
    expect(await peer.readTextToEnd()).toBe('thanks')
    const [row] = proxy.rows()
    const shown = at.includes(':') ? at : `::ffff:${at}`
    expect(row).toMatchObject({ state: State.open, name, target: `${shown} ${target.port}`, up: 6, down: 7, user: 0 })
    peer.finish()
    expect(await client.readTextToEnd()).toBe('')
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'finished', up: 6, down: 7 })
    const commands = proxy.engine.tables.flatMap(({ command, capacity, serial }) =>
      [...command].filter((_, row) => row >= capacity && serial[row] !== 0),
    )
    expect(commands).toEqual([forwarded])
  })

  it('says where each listens, and leaves SOCKS as it was', async () => {
    const targets = [await startTarget(), await startTarget()] as const
    const listen = [
      { address: '127.0.0.2', port: 0 },
      { address: '::1', port: 0 },
    ] as const
    const proxy = await startProxy(start, {
      forwards: targets.map(({ port }, i) => ({ listen: listen[i] ?? listen[0], host: '127.0.0.1', port })),
    })
    expect(proxy.engine.forwarding.map(({ address }) => address)).toEqual(['127.0.0.2', '::1'])
    for (const [i, { address, port }] of proxy.engine.forwarding.entries()) {
      const client = await connectPeer(address, port)
      client.write('x')
      expect(await (await targets[i]?.next())?.readText(1)).toBe('x')
    }
    await proxy.open('127.0.0.1', targets[0].port)
    await eventually(() => expect(proxy.total(Total.connected)).toBe(3))
  })

  it('keeps what a client sends until its destination stands', async () => {
    const resolved = Promise.withResolvers<readonly string[]>()
    const resolve = vi.fn(() => resolved.promise)
    const target = await startTarget()
    const proxy = await startProxy(start, { ...forwardTo('slow.test', target.port), services: { resolve } })
    const client = await enter(proxy)
    const early = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) >> 8)
    client.write(early)
    client.finish()
    await eventually(() => expect(resolve).toHaveBeenCalledWith('slow.test', expect.anything()))
    resolved.resolve(['127.0.0.1'])
    expect((await (await target.next()).readToEnd()).equals(early)).toBe(true)
  })

  it.each([
    ['refuses', 'refused', async () => ({ host: '127.0.0.2', port: (await startTarget()).port })],
    ['has no address', 'notFound', async () => ({ host: 'unknown.test', port: 80 })],
    ['is silent', 'timedOut', async () => ({ host: '127.0.0.1', port: await startBlackHole('127.0.0.1') })],
    ['is forbidden', 'forbidden', async () => ({ host: '127.0.0.9', port: 9 })],
  ] as const)('resets its client if the destination %s', async (_, reason, destination) => {
    const { host, port } = await destination()
    const forbidden = [{ address: '127.0.0.9', port: 9 }]
    const proxy = await startProxy(start, { ...forwardTo(host, port), forbidden, timeouts: { connect: 500 } })
    // It may be reset before it knows that it was connected.
    const ending = await enter(proxy).then(
      (client) => client.discard(),
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect(ending).toBe('ECONNRESET')
    expect((await proxy.onlyClosed()).reason).toBe(reason)
  })

  it('stops dialling for a client that has gone', async () => {
    const port = await startBlackHole('127.0.0.1')
    const proxy = await startProxy(start, forwardTo('127.0.0.1', port))
    for (const leave of ['finish', 'reset'] as const) {
      const client = await enter(proxy)
      await eventually(() => expect(proxy.rows()).toMatchObject([{ state: State.connecting }]))
      client[leave]()
      await proxy.empty()
    }
    expect(proxy.ended(Reason.gone)).toBe(2)
  })

  it('is under the limit of connections, is killed and drained as any other', async () => {
    const target = await startTarget()
    const proxy = await startProxy(start, { ...forwardTo('127.0.0.1', target.port), maxSessions: 2 })
    const socks = await proxy.open('127.0.0.1', target.port)
    const first = await enter(proxy)
    const peers = [await target.next(), await target.next()] as const
    const waiting = await enter(proxy)
    waiting.write('late')
    for (let i = 0; i < 50; i++) {
      socks.write('x')
      await peers[0].readText(1)
    }
    expect(target.unclaimed).toEqual([])
    const forwards = proxy.engine.tables.flatMap(({ serial, command, capacity }) =>
      [...serial].filter((_, slot) => slot < capacity && command[slot] === forwarded),
    )
    await proxy.engine.order(
      'kill',
      forwards.filter((serial) => serial !== 0),
    )
    expect(await first.discard()).toBe('ECONNRESET')
    const last = await target.next()
    expect(await last.readText(4)).toBe('late')

    const drained = proxy.engine.drain()
    await eventually(() => expect(enter(proxy)).rejects.toThrow('ECONNREFUSED'))
    last.write('bye')
    expect(await waiting.readText(3)).toBe('bye')
    for (const client of [waiting, socks]) client.reset()
    await drained
  })

  it('that cannot listen keeps the engine from starting, and nothing stays open', async () => {
    const { port } = await startTarget()
    const forwards = [
      { listen: { address: '127.0.0.2', port: 0 }, host: '127.0.0.1', port },
      { listen: { address: '127.0.0.1', port }, host: '127.0.0.1', port },
    ]
    const refusal = await startProxy(start, { forwards }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(ListenError)
    expect(refusal).toMatchObject({ endpoint: { address: '127.0.0.1', port }, code: 'EADDRINUSE' })
  })
})
