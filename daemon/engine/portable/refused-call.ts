import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Milliseconds for a connection within this machine: without one by then, nothing is known. */
const patience = 1_000
/** Milliseconds for an end that was sent within this machine: the kernel hands it over at once, and only a refused one is waited for. */
const endPatience = 5_000

/**
 * The call that a sandbox refuses (seccomp(2), gVisor) and of whose refusal Node says nothing: without getpeername every
 * client would be reset, without getsockopt no connection to a target would be taken for made, without shutdown whoever
 * waits for an end would wait for ever. Found out by sockets of this process alone. Undefined if there is none, or if
 * no such socket can be had, as where there is no loopback.
 */
export async function refusedCall(): Promise<'getpeername' | 'getsockopt' | 'shutdown' | undefined> {
  try {
    return (await refusesOptions()) ? 'getsockopt' : await refusedOnConnection()
  } catch {
    return undefined
  }
}

async function refusesOptions(): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    await once(socket.bind(0, '127.0.0.1'), 'listening', { signal: AbortSignal.timeout(patience) })
    return !tells(() => socket.getRecvBufferSize())
  } finally {
    socket.close()
  }
}

function tells(read: () => number): boolean {
  try {
    return read() >= 0
  } catch {
    return false
  }
}

async function refusedOnConnection(): Promise<'getpeername' | 'shutdown' | undefined> {
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
    if (accepted.remoteAddress === undefined) return 'getpeername'
    return (await isEnded(client.resume(), accepted)) ? undefined : 'shutdown'
  } finally {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
}

/** Whether the end that `to` sends comes: Node takes it for sent either way. */
async function isEnded(from: Socket, to: Socket): Promise<boolean> {
  to.end()
  return once(from, 'end', { signal: AbortSignal.timeout(endPatience) }).then(
    () => true,
    () => false,
  )
}
