import { describe, expect, it, vi } from 'vitest'
import type { Asker, Resolution } from '../../daemon/engine/engine.ts'
import { bytes } from '../helpers/bytes.ts'
import { alice, enginesOfOneLoop, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { expectRefusal, greeting, request } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

/** Answers alike each time, and notes what for. */
function answering(found: Resolution | undefined) {
  return vi.fn(async (_name: string, _asker: Asker) => found)
}

describe.each(enginesOfOneLoop)('$kind engine: names', ({ start }) => {
  it('are asked for again as soon as their addresses are not good any more', async () => {
    const resolve = answering({ addresses: ['127.0.0.1'], lasts: 0 })
    const proxy = await startProxy(start, { services: { resolve } })
    const target = await startTarget()
    for (let i = 0; i < 3; i++) await proxy.open('brief.test', target.port)
    expect(resolve).toHaveBeenCalledTimes(3)
  })

  it('that do not exist are asked for again as soon as that is not certain any more', async () => {
    const resolve = answering({ addresses: [], lasts: 0 })
    const proxy = await startProxy(start, { services: { resolve } })
    for (let i = 0; i < 3; i++) {
      const client = await proxy.client()
      client.write(bytes(greeting, request('unknown.test', 80)))
      expect(await client.readHex(2)).toBe('0500')
      await expectRefusal(client, '04')
    }
    expect(resolve).toHaveBeenCalledTimes(3)
  })

  it('are one name however they are written', async () => {
    const resolve = answering({ addresses: ['127.0.0.1'], lasts: 10_000 })
    const proxy = await startProxy(start, { services: { resolve } })
    const target = await startTarget()
    for (const name of ['name.test', 'Name.TEST', 'name.test.']) await proxy.open(name, target.port)
    expect(new Set(resolve.mock.calls.map(([name]) => name))).toEqual(new Set(['name.test']))
    expect(proxy.rows().map(({ name }) => name)).toEqual(Array(3).fill('name.test'))
  })

  it.each([
    ['127.0.0.1', [...Array(10).fill(0), 255, 255, 127, 0, 0, 1]],
    ['::1', [...Array(15).fill(0), 1]],
  ])('are asked for on behalf of a user and a source, here %s', async (from, source) => {
    const resolve = answering({ addresses: ['127.0.0.1'], lasts: 10_000 })
    const proxy = await startProxy(start, { passwordRequired: true, services: { resolve } })
    const target = await startTarget()
    await proxy.openAsAlice('name.test', target.port, from)
    expect(resolve.mock.calls).toMatchObject([['name.test', { user: alice.index, source: Uint8Array.from(source) }]])
  })

  it('are waited for until their client goes', async () => {
    const askers: Asker[] = []
    const resolve = (_: string, asker: Asker) => {
      askers.push(asker)
      return new Promise<never>(() => {})
    }
    const proxy = await startProxy(start, { services: { resolve } })
    const client = await proxy.client()
    client.write(bytes(greeting, request('slow.test', 80)))
    await eventually(() => expect(askers.map((asker) => asker.isWaiting())).toEqual([true]))
    client.reset()
    await eventually(() => expect(askers.map((asker) => asker.isWaiting())).toEqual([false]))
  })

  it('that were not looked up are not told to have no addresses', async () => {
    const resolve = answering(undefined)
    const proxy = await startProxy(start, { services: { resolve } })
    for (let i = 0; i < 2; i++) {
      const client = await proxy.client()
      client.write(bytes(greeting, request('crowded.test', 80)))
      expect(await client.readHex(2)).toBe('0500')
      await expectRefusal(client, '01')
    }
    expect(resolve).toHaveBeenCalledTimes(2)
    await eventually(() => expect(proxy.closed().map(({ reason }) => reason)).toEqual(['failed', 'failed']))
  })
})
