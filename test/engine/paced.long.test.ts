import { describe, expect, it, vi } from 'vitest'
import { engines, startProxy } from '../helpers/engine.ts'
import { startTarget } from '../helpers/target.ts'

const rate = 1_000_000
const seconds = 6

/** By the machine's clock, so with much room, and never for too slow; `make bench` tells the figures. */
describe.each(engines)('$kind engine: over seconds', ({ start }) => {
  it.each([1, 20, 100])('%i flows have a rate together, and share it', async (count) => {
    const proxy = await startProxy(start)
    await proxy.limit(0, { rateDown: rate })
    const target = await startTarget()
    const came: number[] = []
    for (let i = 0; i < count; i++) {
      const client = await proxy.open(target.host, target.port)
      const peer = await target.next()
      peer.write(new Uint8Array(3 * rate * seconds))
      came.push(0)
      client.socket.on('readable', () => {
        for (let bytes = client.socket.read(); bytes; bytes = client.socket.read())
          came[i] = (came[i] ?? 0) + bytes.length
      })
    }
    const movedSince = (before: readonly number[]) => came.map((bytes, i) => bytes - (before[i] ?? 0))
    const sum = (all: readonly number[]) => all.reduce((sum, bytes) => sum + bytes, 0)
    const moved = async (bytes: number, before: readonly number[]) => {
      await vi.waitUntil(() => sum(movedSince(before)) >= bytes, { timeout: 120_000, interval: 10 })
      return movedSince(before)
    }
    // What a bucket holds at first is not a rate yet.
    const before = await moved(2 * rate, [])
    const began = performance.now()
    const shares = await moved(rate * seconds, before)
    // A slower machine takes longer, and none may be faster.
    const allowed = (rate * (performance.now() - began)) / 1_000
    expect(sum(shares) / allowed).toBeLessThan(1.3)
    const jain = sum(shares) ** 2 / (count * sum(shares.map((share) => share * share)))
    expect(jain).toBeGreaterThan(0.8)
  })
})
