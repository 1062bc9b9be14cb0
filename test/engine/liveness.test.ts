import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Reason } from '../../daemon/engine/session-table.ts'
import { startPortable } from '../../daemon/engine/start.ts'
import { enginesOfOneLoop, patience, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import type { Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'

/** node:net cannot set TCP_USER_TIMEOUT. */
const withUserTimeout = enginesOfOneLoop.filter(({ kind }) => kind === 'linux')

/**
 * Seconds until the kernel asks the other end whether it lives, of this machine's connections from each end to the other;
 * 0 if it never will (proc_net_tcp.txt: `tr` 2 is the keepalive timer, in hundredths of a second).
 */
function keepalive(from: number, to: number): number {
  const port = (number: number) => number.toString(16).toUpperCase().padStart(4, '0')
  // Of a machine that has just closed many connections the file has thousands of rows.
  const row = new RegExp(`:${port(from)} \\S+:${port(to)} 01 \\S+ (\\d\\d):(\\w+)`)
  const [, timer, when = ''] = row.exec(readFileSync('/proc/self/net/tcp', 'utf8')) ?? []
  return timer === '02' ? Number.parseInt(when, 16) / 100 : 0
}

/** Both of the proxy's sockets in its session, of this client to this target. */
function proxysOwn(client: Peer, peer: Peer): readonly (readonly [from: number, to: number])[] {
  return [
    [client.socket.remotePort ?? 0, client.socket.localPort ?? 0],
    [peer.socket.remotePort ?? 0, peer.socket.localPort ?? 0],
  ]
}

describe.skipIf(process.platform !== 'linux').each(enginesOfOneLoop)('$kind engine: keepalive', ({ start }) => {
  it('asks both ends after the time that is set, from the next connection on', async () => {
    const proxy = await startProxy(start, { liveness: { keepalive: 300 } })
    const target = await startTarget()
    const open = async () => proxysOwn(await proxy.open('127.0.0.1', target.port), await target.next())
    const expectWithin = (pair: Awaited<ReturnType<typeof open>>, least: number, most: number) => {
      for (const [from, to] of pair) {
        expect(keepalive(from, to)).toBeGreaterThanOrEqual(least)
        expect(keepalive(from, to)).toBeLessThanOrEqual(most)
      }
    }
    const first = await open()
    // While a byte is unacknowledged, another timer runs.
    await eventually(() => expectWithin(first, 200, 300))
    const tuning = { maxSessions: 1000, timeouts: patience }
    await proxy.engine.order('tune', { ...tuning, liveness: { keepalive: 1000, userTimeout: 0 } })
    const second = await open()
    await eventually(() => expectWithin(second, 900, 1000))
    await proxy.engine.order('tune', { ...tuning, liveness: { keepalive: 0, userTimeout: 0 } })
    expectWithin(await open(), 0, 0)
    expectWithin(first, 200, 300)
  })
})

describe.each(withUserTimeout)('$kind engine: unacknowledged bytes', ({ start }) => {
  const much = new Uint8Array(30_000_000)

  it.each([
    ['target', (client: Peer, peer: Peer) => [client, peer] as const],
    ['client', (client: Peer, peer: Peer) => [peer, client] as const],
  ])('end the connection to a %s that takes none for longer than is set', async (_, parts) => {
    const proxy = await startProxy(start, { liveness: { userTimeout: 1_000 } })
    const target = await startTarget()
    const [speaker, deaf] = parts(await proxy.open('127.0.0.1', target.port), await target.next())
    speaker.write(much)
    expect(await speaker.discard()).toBe('ECONNRESET')
    expect((await proxy.onlyClosed()).reason).toBe('reset')
    deaf.socket.destroy()
  })

  it('may wait for as long as they need if nothing is set', async () => {
    const proxy = await startProxy(start, { timeouts: { negotiation: 3_000 } })
    const target = await startTarget()
    const client = await proxy.open('127.0.0.1', target.port)
    const peer = await target.next()
    client.write(much)
    // Whoever waits this long has outlived the time of the test before.
    await (await proxy.client()).discard()
    await eventually(() => expect(proxy.ended(Reason.silent)).toBe(1))
    client.finish()
    expect(await peer.readToEnd()).toHaveLength(much.length)
    expect(proxy.ended(Reason.reset)).toBe(0)
  })
})

it('says that the portable engine cannot end connections for unacknowledged bytes, each time that it is told to', async () => {
  const warnings: string[] = []
  const services = { warn: (message: string) => void warnings.push(message) }
  const told = expect.stringContaining('tcp-user-timeout')
  const proxy = await startProxy(startPortable, { liveness: { userTimeout: 1_000 }, services })
  expect(warnings).toEqual([told])
  for (const userTimeout of [1_000, 0, 2_000])
    await proxy.engine.order('tune', { maxSessions: 1000, timeouts: patience, liveness: { keepalive: 0, userTimeout } })
  expect(warnings).toEqual([told, told])
})
