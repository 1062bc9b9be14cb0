import { expect, it } from 'vitest'
import { close } from '../../daemon/os/libc.ts'
import { accept, connectSocket, openSocket } from '../../daemon/os/socket.ts'
import { socketAddressBytes } from '../../daemon/os/socket-address.ts'
import { openLoopSockets } from '../../daemon/sockets/loop-sockets.ts'

const address = '127.0.0.1'
const clients = 2_000
const loops = 4

/** By loop, how many clients come to its socket; ends what it opened. */
function comeTo(port: number, sockets: readonly number[]): number[] {
  const counts = sockets.map(() => 0)
  const ends: number[] = []
  const from = new Uint8Array(socketAddressBytes)
  for (let i = 0; i < clients; i++) {
    const client = openSocket(4)
    connectSocket(client, Uint8Array.of(127, 0, 0, 1), port)
    ends.push(client)
    for (const [loop, socket] of sockets.entries())
      for (let fd = accept(socket, from); fd >= 0; fd = accept(socket, from)) {
        counts[loop] = (counts[loop] as number) + 1
        ends.push(fd)
      }
  }
  for (const fd of [...ends, ...sockets]) close(fd)
  return counts
}

// By chance alone one was a tenth off its share in 3 trials of 40, and never more than 13 percent.
it('loops get a like number of the clients of one port', async () => {
  const liveness = { keepalive: 0, userTimeout: 0 }
  const listen = [{ address, port: 0 }]
  const [listener] = await openLoopSockets({ listen, forwards: [], backlog: 128, workers: loops, liveness })
  const counts = comeTo(listener?.at.port ?? 0, listener?.socket ?? [])
  expect(counts.reduce((all, one) => all + one, 0)).toBe(clients)
  for (const count of counts) expect(Math.abs(count - clients / loops)).toBeLessThan(clients / loops / 4)
})
