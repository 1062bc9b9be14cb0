import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Relay } from '../../daemon/engine/linux/relay.ts'
import { clientOf, targetOf } from '../../daemon/engine/linux/sessions.ts'
import { Reason } from '../../daemon/engine/session-table.ts'
import { EPOLLIN, EPOLLPRI, EPOLLRDHUP } from '../../daemon/os/epoll.ts'
import { errno, recv, send, setsockopt } from '../../daemon/os/libc.ts'
import { finish } from '../../daemon/os/socket.ts'
import { connection } from '../helpers/connection.ts'
import { enginesOfOneLoop, sharedProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { makeLoop } from '../helpers/loop.ts'
import type { Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'

const MSG_OOB = 1
const SOL_SOCKET = 1
const SO_OOBINLINE = 10
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
  const shared = sharedProxy(start)

  it.each(['client', 'target'] as const)('of the %s stays where it is in the stream (RFC 6093)', async (from) => {
    const proxy = await shared()
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

  it.each(['client', 'target'] as const)('of the %s comes at once, though it says nothing else', async (from) => {
    const proxy = await shared()
    const target = await startTarget()
    const client = await proxy.open('127.0.0.1', target.port)
    const peer = await target.next()
    const [speaker, hearer] = from === 'client' ? [client, peer] : [peer, client]
    for (const text of ['!', '?']) {
      await writeUrgently(speaker, text)
      expect(await hearer.readText(1)).toBe(text)
    }
  })

  it('in the midst of bulk is not lost, nor what follows', async () => {
    const proxy = await shared()
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
    const proxy = await shared()
    const client = await proxy.client()
    await writeUrgently(client, '\x05')
    await eventually(() => expect(proxy.rows()).toHaveLength(1))
    await writeUrgently(client, '\x01\x00')
    expect(await client.readHex(2)).toBe('0500')
  })
})

/** As much as one read takes, of which the next one is a splice. */
const whole = Buffer.alloc(64 * 1024, 'w')
const shorter = Buffer.alloc(1000, 's')

describe.skipIf(process.platform !== 'linux')('an urgent byte that comes in the midst of a turn', () => {
  it.each([
    ['client', 'behind bulk, and then the end', whole, '', true],
    ['target', 'behind bulk, and then the end', whole, '', true],
    ['client', 'behind bulk, and then more and the end', whole, 'more', true],
    ['target', 'behind bulk, and then more and the end', whole, 'more', true],
    ['target', 'behind the last of the bulk', shorter, 'more', false],
  ] as const)('of the %s stays where it is: %s', (from, _, before, behind, isEnd) => {
    const { context, sessions, pipes, held, pacer } = makeLoop({ slots: 1, extras: 0, pipes: 2 })
    const relay = new Relay(context, pipes, held, pacer)
    const [client, near, address] = connection()
    const slot = sessions.begin(near, address)
    const [origin, target] = connection()
    // One that was dialled has not inherited it.
    setsockopt(target, SOL_SOCKET, SO_OOBINLINE, Int32Array.of(0), 4)
    sessions.fd[targetOf(slot)] = target
    relay.begin(slot, Buffer.alloc(0))
    const [speaker, hearer, half] =
      from === 'client' ? [client, origin, clientOf(slot)] : [origin, client, targetOf(slot)]
    const heard: Buffer[] = []
    const hear = () => {
      const some = Buffer.alloc(whole.length)
      for (let count = recv(hearer, some, some.length, 0); count > 0; count = recv(hearer, some, some.length, 0))
        heard.push(Buffer.from(some.subarray(0, count)))
      return recv(hearer, some, 1, 0)
    }

    // The first read fills the buffer, and the turn that comes of it is about to begin.
    send(speaker, whole, whole.length, 0)
    relay.onEvent(half, EPOLLIN)
    hear()
    send(speaker, before, before.length, 0)
    send(speaker, Buffer.from('!'), 1, MSG_OOB)
    send(speaker, Buffer.from(behind), behind.length, 0)
    if (isEnd) finish(speaker)
    while (relay.busy) relay.takeTurn()
    // Only now does the loop look at its events.
    const all = Buffer.concat([whole, before, Buffer.from(`!${behind}`)])
    const end = isEnd ? 0 : -errno.EAGAIN
    for (let looks = 0; looks < 100 && (hear() !== end || Buffer.concat(heard).length < all.length); looks++) {
      relay.onEvent(half, isEnd ? EPOLLIN | EPOLLPRI | EPOLLRDHUP : EPOLLIN | EPOLLPRI)
      while (relay.busy) relay.takeTurn()
    }
    expect(hear()).toBe(end)
    expect(Buffer.concat(heard).equals(all)).toBe(true)
    sessions.close(slot, Reason.ended)
  })
})
