import { once } from 'node:events'
import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { expect, it } from 'vitest'
import { bufferBytes, OwnBuffers, readIntoOwnBuffer } from '../../daemon/engine/portable/own-buffer.ts'

it('reads what an accepted socket has yet to say into one buffer, piece by piece, and hears of its end', async () => {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  try {
    const said = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
    client.write(said.subarray(0, 1000))
    const [first] = (await once(accepted, 'data')) as [Buffer]
    const heard: Buffer[] = [first]
    const memory = new Set<ArrayBufferLike>()
    const buffer = Buffer.alloc(bufferBytes)
    const isOwn = readIntoOwnBuffer(accepted, buffer, (bytes) => {
      heard.push(Buffer.from(bytes))
      memory.add(bytes.buffer)
      // Nothing more is read until it is resumed.
      accepted.pause()
      setImmediate(() => accepted.resume())
      return false
    })
    // Should this fail with another Node, look for what its names for that are: uploads cost twice as much without.
    expect(isOwn).toBe(true)
    expect(readIntoOwnBuffer(accepted, buffer, () => true)).toBe(false)
    client.end(said.subarray(1000))
    await once(accepted, 'end')
    expect(Buffer.concat(heard).equals(said)).toBe(true)
    expect([...memory]).toEqual([buffer.buffer])
    expect(Math.max(...heard.slice(1).map(({ length }) => length))).toBeLessThanOrEqual(bufferBytes)
  } finally {
    accepted.destroy()
    client.destroy()
    server.close()
  }
})

it('leaves a socket as it is where Node is built otherwise', () => {
  const socket = new Socket()
  expect(readIntoOwnBuffer(socket, Buffer.alloc(1), () => true)).toBe(false)
  expect(readIntoOwnBuffer({ _handle: { useUserBuffer() {} } } as unknown as Socket, Buffer.alloc(1), () => true)).toBe(
    false,
  )
})

it('lends a buffer to the next session only when all sockets of the one before have closed', async () => {
  const buffers = new OwnBuffers()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const first = buffers.lend({ ended })
  expect(buffers.lend({ ended: new Promise(() => {}) })).not.toBe(first)
  end()
  await ended
  expect(buffers.lend({ ended: new Promise(() => {}) })).toBe(first)
})
