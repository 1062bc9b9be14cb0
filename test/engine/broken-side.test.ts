import { describe, expect, it } from 'vitest'
import { enginesOfOneLoop, type Options, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import type { Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'

type Side = 'client' | 'target'
const mebibyte = 1024 * 1024

type Start = (typeof enginesOfOneLoop)[number]['start']

/** A session in which one side goes on sending and the other reads nothing, when no more gets through. */
async function stall(start: Start, speaks: Side, timeouts: Options['timeouts'] = {}) {
  const proxy = await startProxy(start, { timeouts })
  const target = await startTarget()
  const client = await proxy.open('127.0.0.1', target.port)
  const peer = await target.next()
  const [speaker, other] = speaks === 'client' ? [client, peer] : [peer, client]
  speaker.write(Buffer.alloc(64 * mebibyte))
  await standstill(proxy, speaks === 'client' ? 'up' : 'down')
  return { proxy, speaker, other }
}

async function standstill(proxy: ProxyUnderTest, direction: 'up' | 'down'): Promise<void> {
  let [before, alike] = [0, 0]
  await eventually(() => {
    const moved = proxy.rows()[0]?.[direction] ?? 0
    alike = moved > 0 && moved === before ? alike + 1 : 0
    before = moved
    expect(alike).toBeGreaterThan(20)
  })
}

async function expectBroken(proxy: ProxyUnderTest, other: Peer): Promise<void> {
  expect(await proxy.onlyClosed()).toMatchObject({ reason: 'reset' })
  expect(await other.discard()).toBe('ECONNRESET')
}

describe.each(enginesOfOneLoop)('$kind engine', ({ start }) => {
  describe.each(['client', 'target'] as const)('a %s that resets while the other side reads nothing', (side) => {
    it('has finished, so the session ends when the other has had its time to read the rest', async () => {
      const { proxy, speaker, other } = await stall(start, side, { halfClosed: 300 })
      speaker.reset()
      await expectBroken(proxy, other)
    })

    it('is told of to the other side if that writes', async () => {
      const { proxy, speaker, other } = await stall(start, side)
      speaker.reset()
      await eventually(() => {
        other.write('x')
        expect(proxy.rows()).toEqual([])
      })
      await expectBroken(proxy, other)
    })
  })
})
