import { expect, it, onTestFinished } from 'vitest'
import { close } from '../../daemon/os/libc.ts'
import { boundPort, connectSocket, listen, openSocket } from '../../daemon/os/socket.ts'
import { HandedSockets } from '../../daemon/sockets/handed-sockets.ts'
import { openServers } from '../../daemon/sockets/servers.ts'
import { listenQueue } from '../helpers/kernel-queues.ts'

const [address, bytes] = ['127.0.0.1', Uint8Array.of(127, 0, 0, 1)]

it.runIf(process.platform === 'linux')('at a socket that was handed over as many wait as were asked for', async () => {
  const fd = listen({ bytes, scope: 0 }, 0, 1)
  const port = boundPort(fd)
  const handed = new HandedSockets([{ role: 'socks', address, port, fd }])
  const [listener] = await openServers({ listen: [{ address, port }], forwards: [], backlog: 40, handed })
  const [socket] = listener?.socket ?? []
  await socket?.listen()
  onTestFinished(() => void socket?.server.close())
  // They come in one turn of this thread, which takes none meanwhile.
  const clients = Array.from({ length: 100 }, () => openSocket(4))
  for (const client of clients) connectSocket(client, bytes, port)
  // The kernel takes one more than it is told to.
  expect(listenQueue(port).waiting).toBe(41)
  for (const client of clients) close(client)
})
