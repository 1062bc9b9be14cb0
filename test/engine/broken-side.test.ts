import { describe, expect, it } from 'vitest'
import { engines, eventually, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import type { Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'

const mebibyte = 1024 * 1024

/** A client that reads nothing of what its target goes on sending, when no more of it gets through. */
async function openStalled(proxy: ProxyUnderTest): Promise<[client: Peer, peer: Peer]> {
  const target = await startTarget()
  const client = await proxy.open('127.0.0.1', target.port)
  const peer = await target.next()
  peer.write(Buffer.alloc(64 * mebibyte))
  let [before, alike] = [0, 0]
  await eventually(() => {
    const down = proxy.rows()[0]?.down ?? 0
    alike = down > 0 && down === before ? alike + 1 : 0
    before = down
    expect(alike).toBeGreaterThan(20)
  })
  return [client, peer]
}

describe.each(engines)('$kind engine: a target that resets while its client reads nothing', ({ start }) => {
  it('has finished, so the session ends when the client has had its time to read the rest', async () => {
    const proxy = await startProxy(start, { timeouts: { halfClosed: 300 } })
    const [client, peer] = await openStalled(proxy)
    peer.reset()
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'reset' })
    expect(await client.discard()).toBe('ECONNRESET')
  })

  it('is told of to a client that goes on writing', async () => {
    const proxy = await startProxy(start)
    const [client, peer] = await openStalled(proxy)
    peer.reset()
    await eventually(() => {
      client.write('x')
      expect(proxy.rows()).toEqual([])
    })
    expect(await client.discard()).toBe('ECONNRESET')
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'reset' })
  })

  it('after whatever it has said has been read, has said all of it', async () => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    const client = await proxy.open('127.0.0.1', target.port)
    const peer = await target.next()
    peer.write('last words')
    expect(await client.readText(10)).toBe('last words')
    peer.reset()
    expect(await client.discard()).toBe('ECONNRESET')
  })
})
