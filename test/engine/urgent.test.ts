import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { send } from '../../daemon/os/libc.ts'
import { enginesOfOneLoop, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import type { Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'

const MSG_OOB = 1
const bulkBytes = 3_000_000

/** Send bytes of which the last is urgent (RFC 9293, section 3.8.5), when all before them have gone. */
async function writeUrgently(peer: Peer, text: string): Promise<void> {
  const { socket } = peer
  if (socket.writableLength > 0) await once(socket, 'drain')
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  expect(send(fd, Buffer.from(text), text.length, MSG_OOB)).toBe(text.length)
}

// node:net cannot ask for SO_OOBINLINE.
describe.each(enginesOfOneLoop.filter(({ kind }) => kind === 'linux'))('$kind engine: an urgent byte', ({ start }) => {
  it.each(['client', 'target'] as const)('of the %s stays where it is in the stream (RFC 6093)', async (from) => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    const client = await proxy.open('127.0.0.1', target.port)
    const peer = await target.next()
    const [speaker, hearer] = from === 'client' ? [client, peer] : [peer, client]
    for (const text of ['ABOR', '!', 'x']) {
      await writeUrgently(speaker, text)
      expect(await hearer.readText(text.length)).toBe(text)
    }
    speaker.write(' and ')
    await writeUrgently(speaker, 'on')
    speaker.write(' it goes')
    speaker.finish()
    expect(await hearer.readTextToEnd()).toBe(' and on it goes')
  })

  it('in the midst of bulk is not lost, nor what follows', async () => {
    const proxy = await startProxy(start)
    const target = await startTarget()
    const client = await proxy.open('127.0.0.1', target.port)
    const peer = await target.next()
    const half = Uint8Array.from({ length: bulkBytes }, (_, i) => (i * 31) >> 8)
    peer.write(half)
    expect((await client.read(bulkBytes)).equals(half)).toBe(true)
    peer.write(half)
    await writeUrgently(peer, 'U')
    peer.write(half)
    peer.finish()
    expect((await client.readToEnd()).equals(Buffer.concat([half, Buffer.from('U'), half]))).toBe(true)
  })

  it('before and during the negotiation is as any other', async () => {
    const proxy = await startProxy(start)
    const client = await proxy.client()
    await writeUrgently(client, '\x05')
    await eventually(() => expect(proxy.rows()).toHaveLength(1))
    await writeUrgently(client, '\x01\x00')
    expect(await client.readHex(2)).toBe('0500')
  })
})
