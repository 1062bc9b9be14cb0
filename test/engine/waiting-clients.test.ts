import { describe, expect, it } from 'vitest'
import { WaitingClients } from '../../daemon/engine/portable/waiting-clients.ts'
import { Total } from '../../daemon/engine/session-table.ts'
import { startPortable } from '../../daemon/engine/start.ts'
import { bytes } from '../helpers/bytes.ts'
import { startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

describe('clients who wait', () => {
  it('are served by turns of their sources, those first from where somebody has logged in', () => {
    const waiting = new WaitingClients<string>()
    for (const client of ['a1', 'a2', 'b1']) waiting.add(client.charAt(0), false, client)
    for (const client of ['x1', 'x2', 'x3', 'y1']) waiting.add(client.charAt(0), true, client)
    const served = Array.from({ length: 8 }, () => waiting.take())
    expect(served).toEqual(['x1', 'y1', 'x2', 'a1', 'x3', 'b1', 'a2', undefined])
  })

  it('leave, if they are too many, from the source with most, of two as greedy from the unknown one', () => {
    const waiting = new WaitingClients<string>()
    for (const client of ['x1', 'x2']) waiting.add('x', true, client)
    for (const client of ['a1', 'a2', 'b1']) waiting.add(client.charAt(0), false, client)
    expect([waiting.drop(), waiting.drop(), waiting.length]).toEqual(['a1', 'x1', 3])
  })
})

describe('portable engine: with every place taken, and the waiting room full of clients of one address', () => {
  /** There is one place, which is taken, and as many as the backlogs of two sockets are wait from 127.0.0.1. */
  async function crowded() {
    const target = await startTarget()
    const proxy = await startProxy(startPortable, { maxSessions: 1, backlog: 4 })
    const served = await proxy.open(target.host, target.port)
    const crowd = await Promise.all(Array.from({ length: 8 }, () => proxy.client()))
    const ask = async (from: string): Promise<Peer> => {
      const client = await connectPeer('127.0.0.1', proxy.port, from)
      client.write(bytes(greeting, request(target.host, target.port)))
      return client
    }
    return { proxy, served, crowd, ask }
  }

  it('one of another address takes the place of one of theirs, and is served as soon as another address would be', async () => {
    const { served, crowd, ask } = await crowded()
    const client = await ask('127.0.0.2')
    await eventually(() => expect(crowd.filter(({ socket }) => socket.closed)).toHaveLength(1))
    served.reset()
    // At most one of the crowd has a place before it, and leaves.
    for (const { socket } of crowd) socket.end()
    expect(await client.readHex(2)).toBe('0500')
    await expectReply(client, succeeded)
  })

  it('one more of theirs takes the place of the one who has waited longest', async () => {
    const { proxy, crowd, ask } = await crowded()
    const next = await ask('127.0.0.1')
    expect(await crowd[0]?.ending).toBe('ECONNRESET')
    expect(next.socket.closed).toBe(false)
    expect(proxy.total(Total.shedNewcomers)).toBe(1)
  })
})
