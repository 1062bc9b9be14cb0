import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { RawClient } from '../control/raw-client.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'

/** Bob, logged in and connected to the target. */
async function connectBob(daemon: Daemon, target: Target): Promise<{ client: Peer; server: Peer }> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(greetingForLogin)
  await client.read(2)
  client.write(login('bob', 'hunter2'))
  expect(await client.readHex(2)).toBe('0100')
  client.write(request(target.host, target.port))
  await expectReply(client, succeeded)
  return { client, server: await target.next() }
}

/**
 * Waits until the last minute has so many bytes each way, to a hundredth: what a step lasts, timers tell to the
 * millisecond, and the last step may be partial.
 */
async function expectMoved(client: RawClient, user: object, up: number, down: number): Promise<void> {
  const sum = (rates: (number | null)[]) => rates.reduce<number>((total, rate) => total + (rate ?? 0), 0)
  await eventually(async () => {
    const { result } = await client.call('metrics.history', { range: '1m', ...user })
    expect(Math.abs(sum(result.up) - up)).toBeLessThanOrEqual(up / 100)
    expect(Math.abs(sum(result.down) - down)).toBeLessThanOrEqual(down / 100)
  })
}

describe.each(mostTelling)('with the %s engine', (engine) => {
  test('what a user moves is in the graphs, and cutting them ends it', async () => {
    const daemon = await startDaemon(['--engine', engine, '--user', 'bob:hunter2', '--user', 'ann:hunter3'])
    const target = await startTarget()
    const operator = await operate(daemon)
    const { client, server } = await connectBob(daemon, target)
    client.write(Buffer.alloc(100_000))
    await server.read(100_000)
    server.write(Buffer.alloc(50_000))
    await client.read(50_000)

    // Of those that come and go between two looks, each is counted.
    await operator.call('connections.subscribe')
    const visit = async () => {
      const visitor = await connectBob(daemon, target)
      visitor.client.finish()
      visitor.server.finish()
      await Promise.all([visitor.client.discard(), visitor.server.discard()])
    }
    for (let i = 0; i < 60; i += 20) await Promise.all(Array.from({ length: 20 }, visit))
    let told = 0
    while (told < 60) {
      const { method, params } = (await operator.next()) ?? {}
      if (method === 'connections.changed') told += params.closed.length + (params.missed ?? 0)
    }
    expect(told).toBe(60)
    await operator.call('connections.unsubscribe')

    for (const user of [{}, { user: 'bob' }]) await expectMoved(operator, user, 100_000, 50_000)
    for (const user of ['ann', null]) await expectMoved(operator, { user }, 0, 0)

    expect((await operator.call('users.cut', { name: 'bob' })).result).toEqual({ cut: 1 })
    await Promise.all([client.discard(), server.discard()])
    await daemon.logs(/local \(unix\): users\.cut name=\\"bob\\"/)
    await connectBob(daemon, target)
  })

  test('a daemon that was stopped tells so, and what it moved since is not lost', async () => {
    const daemon = await startDaemon(['--engine', engine, '--user', 'bob:hunter2'])
    const target = await startTarget()
    const operator = await operate(daemon)
    const { client, server } = await connectBob(daemon, target)
    await daemon.freeze()
    client.write(Buffer.alloc(100_000))
    await setTimeout(2_500)
    daemon.signal('SIGCONT')
    await server.read(100_000)
    await expectMoved(operator, {}, 100_000, 0)
    await expectMoved(operator, { user: 'bob' }, 100_000, 0)
    const { health } = (await operator.call('status.get')).result
    expect(health.lag).toBeGreaterThan(1_000)
    expect(health.sessions.live).toBe(1)
  })
})
