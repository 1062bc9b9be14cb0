import { describe, expect, it } from 'vitest'
import { Reason } from '../../daemon/engine/session-table.ts'
import { type SilentClient, toMakeRoom } from '../../daemon/engine/shared/silent-clients.ts'
import { bytes } from '../helpers/bytes.ts'
import { engines, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer } from '../helpers/peer.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

const crowd = 12

describe('clients that say nothing make room', () => {
  const clients = (source: string, count: number, since: number): SilentClient[] =>
    Array.from({ length: count }, (_, i) => ({ source, since: since + i }))

  it('first those of whoever has most of them, the oldest first, until sources are level', () => {
    const [few, many] = [clients('few', 2, 0), clients('many', 10, 100)]
    expect(toMakeRoom([...few, ...many], 2_000)).toEqual(many.slice(0, 3))
    expect(toMakeRoom([...few, ...many.slice(8)], 2_000)).toHaveLength(1)
  })

  it('but none who has had less than a second', () => {
    expect(toMakeRoom(clients('many', 10, 100), 1_099)).toEqual([])
    expect(toMakeRoom(clients('many', 10, 100), 1_100)).toEqual(clients('many', 1, 100))
  })
})

describe.each(engines)('$kind engine: with every place taken by clients that say nothing', ({ start }) => {
  it.each([
    ['nothing at all', new Uint8Array(0)],
    ['less than a greeting', bytes(5)],
    ['a greeting', greeting],
  ])('others are served: %s', async (_, said) => {
    const target = await startTarget()
    const proxy = await startProxy(start, { maxSessions: crowd })
    const silent = await Promise.all(Array.from({ length: crowd }, () => connectPeer('127.0.0.1', proxy.port)))
    for (const client of silent) if (said.length > 0) client.write(said)
    await eventually(() => expect(proxy.rows()).toHaveLength(crowd))
    const client = await connectPeer('127.0.0.1', proxy.port, '127.0.0.2')
    client.write(bytes(greeting, request(target.host, target.port)))
    expect(await client.readHex(2)).toBe('0500')
    await expectReply(client, succeeded)
    expect(proxy.ended(Reason.silent)).toBeGreaterThan(0)
    expect(proxy.ended(Reason.silent)).toBeLessThan(crowd)
  })

  it('nobody goes who has asked for something', async () => {
    const target = await startTarget()
    const proxy = await startProxy(start, { maxSessions: crowd })
    const served = [await proxy.open(target.host, target.port)]
    // So many that each loop has some of them.
    for (let i = 1; i < crowd; i++) await proxy.client()
    const next = await proxy.client()
    next.write(bytes(greeting, request(target.host, target.port)))
    expect(await next.readHex(2)).toBe('0500')
    const peer = await target.next()
    served[0]?.write('still here')
    expect(await peer.readText(10)).toBe('still here')
  })
})
