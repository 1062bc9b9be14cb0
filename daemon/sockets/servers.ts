import { once } from 'node:events'
import { type AddressInfo, createServer, isIPv6, type Server } from 'node:net'
import type { Endpoint } from '../net/endpoint.ts'
import { descriptorOf, type SocketRole } from './handed-sockets.ts'
import { ListenError, type Listener, type ListenOptions, openListeners, streamBytes } from './listeners.ts'

/** A server of Node's that has its clients paused, and half-open when they have ended. */
export interface ServerSocket {
  readonly server: Server
  /** Until then whoever comes is left to the process that listens there, too, if there is one. Resolves when it listens. */
  listen(): Promise<void>
  readonly fd: number
}

/**
 * Sockets as Node opens them wherever it runs. Whoever is given them must hear of clients at once: none has been accepted before
 * this resolves. Rejects with `ListenError`, nothing left open.
 */
export function openServers(options: ListenOptions): Promise<Listener<readonly ServerSocket[]>[]> {
  return openListeners(options, {
    open: (endpoint, role) => open(endpoint, role, options),
    close: (sockets) => sockets.forEach(({ server }) => void server.close()),
  })
}

async function open(
  endpoint: Endpoint,
  role: SocketRole,
  { backlog, handed }: ListenOptions,
): Promise<{ at: Endpoint; socket: readonly ServerSocket[] }> {
  const taken = handed?.take(role, endpoint) ?? []
  if (taken[0] === undefined) return openNew(endpoint, backlog)
  const { address, port } = taken[0]
  return { at: { address, port }, socket: taken.map(({ fd }) => adopt(fd, backlog)) }
}

/** Addresses are literals: neither they nor the call that listens take a turn of the event loop, which would accept. */
async function openNew(
  endpoint: Endpoint,
  backlog: number,
): Promise<{ at: Endpoint; socket: readonly ServerSocket[] }> {
  const server = makeServer()
  const { address: host, port } = endpoint
  server.listen({ host, port, backlog, ipv6Only: isIPv6(host), exclusive: true })
  try {
    await once(server, 'listening')
    // It throws where a sandbox refuses getsockname(2).
    const { address, port } = server.address() as AddressInfo
    const socket = { server, fd: descriptorOf(server), listen: async () => {} }
    return { at: { address, port }, socket: [socket] }
  } catch (error) {
    server.close()
    throw new ListenError(endpoint, (error as NodeJS.ErrnoException).code ?? 'unknown')
  }
}

function adopt(fd: number, backlog: number): ServerSocket {
  const server = makeServer()
  const listen = async () => {
    // Among the options of a descriptor Node overlooks it.
    await once(server.listen({ fd }, backlog), 'listening')
  }
  return { server, fd, listen }
}

function makeServer(): Server {
  return createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true, highWaterMark: streamBytes })
}
