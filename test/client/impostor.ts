import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Target } from '../../tui/client/index.ts'

/** Something on a TCP port that is not proxyd: `serve` says how it acts. It ends with the test. */
export async function startImpostor(serve: (socket: Socket) => void, cookieFile = '/nonexistent'): Promise<Target> {
  const server = createServer((socket) => {
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    serve(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port, cookieFile }
}
