import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { engines, startProxy } from '../helpers/engine.ts'
import { startTarget } from '../helpers/target.ts'

const rate = 1_000_000
const seconds = 6

/** By the machine's clock, so with much room; `make bench` tells the figures. */
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
    await setTimeout(2_000)
    const [before, began] = [[...came], performance.now()]
    await setTimeout(seconds * 1_000)
    const shares = came.map((bytes, i) => bytes - (before[i] ?? 0))
    const moved = shares.reduce((all, share) => all + share, 0)
    const allowed = (rate * (performance.now() - began)) / 1_000
    expect(moved / allowed).toBeGreaterThan(0.7)
    expect(moved / allowed).toBeLessThan(1.3)
    const jain = moved ** 2 / (count * shares.reduce((all, share) => all + share * share, 0))
    expect(jain).toBeGreaterThan(0.8)
  })
})
