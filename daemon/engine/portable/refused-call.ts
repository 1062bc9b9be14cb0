import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Milliseconds for a connection within this machine: without one by then, nothing is known. */
const patience = 1_000

/**
 * The call that a sandbox refuses (seccomp(2), gVisor) and without which every client would be reset: found out by a connection to this
 * process itself. Undefined if there is none, or if no such connection can be had, as where there is no loopback.
 */
export async function refusedCall(): Promise<'getpeername' | undefined> {
  const server = createServer()
  const sockets: Socket[] = []
  const signal = AbortSignal.timeout(patience)
  server.on('connection', (accepted) => sockets.push(accepted))
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening', { signal })
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    sockets.push(client)
    const [[accepted]] = await Promise.all([
      once(server, 'connection', { signal }),
      once(client, 'connect', { signal }),
    ])
    return accepted.remoteAddress === undefined ? 'getpeername' : undefined
  } catch {
    return undefined
  } finally {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
}
