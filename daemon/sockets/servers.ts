import { once } from 'node:events'
import { type AddressInfo, createServer, isIPv6, type Server } from 'node:net'
import type { Endpoint } from '../net/endpoint.ts'
import { ListenError, type Listener, type ListenOptions, openListeners } from './listeners.ts'

/**
 * Sockets as Node opens them wherever it runs, each in a server that has its clients paused, and half-open when they have
 * ended. Whoever is given them must hear of clients at once: none has been accepted before this resolves. Rejects with
 * `ListenError`, nothing left open.
 */
export function openServers(options: ListenOptions): Promise<Listener<Server>[]> {
  return openListeners(options, {
    open: (endpoint) => open(endpoint, options.backlog),
    close: (server) => void server.close(),
  })
}

/** Addresses are literals: neither they nor the call that listens take a turn of the event loop, which would accept. */
async function open(endpoint: Endpoint, backlog: number): Promise<{ at: Endpoint; socket: Server }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
  const { address: host, port } = endpoint
  server.listen({ host, port, backlog, ipv6Only: isIPv6(host), exclusive: true })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ListenError(endpoint, (error as NodeJS.ErrnoException).code ?? 'unknown')
  }
  const bound = server.address() as AddressInfo
  return { at: { address: bound.address, port: bound.port }, socket: server }
}
