import { type Address, parseAddress } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { close, errnoName, ifNametoindex } from '../os/libc.ts'
import { boundPort, listen as listenSocket, setLiveness, sharePort } from '../os/socket.ts'
import { ListenError, type Listener, type ListenOptions, openListeners } from './listeners.ts'

export interface LoopSocketOptions extends ListenOptions {
  /** Loops, each of which gets a socket of its own on every endpoint. */
  readonly workers: number
  /** See `setLiveness`; clients that are accepted have it from the socket. */
  readonly liveness: { readonly keepalive: number; readonly userTimeout: number }
}

/**
 * Sockets of the kernel's for loops that share ports: of each endpoint one descriptor for each loop. Rejects with
 * `ListenError`, after which none stays open.
 */
export function openLoopSockets(options: LoopSocketOptions): Promise<Listener<readonly number[]>[]> {
  return openListeners(options, { open: async (endpoint) => open(endpoint, options), close: closeAll })
}

function open(endpoint: Endpoint, options: LoopSocketOptions): { at: Endpoint; socket: number[] } {
  const at = probe(endpoint)
  const socket: number[] = []
  try {
    for (let loop = 0; loop < options.workers; loop++) socket.push(openShared(at, options))
  } catch (error) {
    closeAll(socket)
    throw error
  }
  return { at, socket }
}

/**
 * Make sure that nobody listens there: loops share a port, and another proxyd of the same user would be let in without a
 * word. Returns the endpoint with its real port, a free one for port 0.
 */
function probe(endpoint: Endpoint): Endpoint {
  const fd = must(endpoint, listenSocket(addressOf(endpoint), endpoint.port, 1))
  const port = boundPort(fd)
  close(fd)
  return { address: endpoint.address, port }
}

function openShared(at: Endpoint, { backlog, liveness }: LoopSocketOptions): number {
  const prepare = (fd: number) => {
    sharePort(fd)
    setLiveness(fd, liveness.keepalive, liveness.userTimeout)
  }
  return must(at, listenSocket(addressOf(at), at.port, backlog, prepare))
}

function addressOf(endpoint: Endpoint): Address {
  const address = parseAddress(endpoint.address, ifNametoindex)
  if (!address) throw new ListenError(endpoint, 'EINVAL')
  return address
}

function must(endpoint: Endpoint, result: number): number {
  if (result >= 0) return result
  throw new ListenError(endpoint, errnoName(-result))
}

function closeAll(descriptors: readonly number[]): void {
  for (const fd of descriptors) close(fd)
}
