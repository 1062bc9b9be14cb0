import { type Address, parseAddress } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { close, duplicate, errnoName, ifNametoindex } from '../os/libc.ts'
import { boundPort, keepListening, listen as listenSocket, setLiveness, sharePort } from '../os/socket.ts'
import type { SocketRole } from './handed-sockets.ts'
import { ListenError, type Listener, type ListenOptions, openListeners } from './listeners.ts'

export interface LoopSocketOptions extends ListenOptions {
  /** Loops, each of which gets a socket of its own on every endpoint. */
  readonly workers: number
  /** See `setLiveness`; clients that are accepted have it from the socket. */
  readonly liveness: { readonly keepalive: number; readonly userTimeout: number }
}

/**
 * Sockets of the kernel's for loops that share ports: of each endpoint one descriptor for each loop at least, and more where
 * more were handed over. Rejects with `ListenError`, after which none stays open.
 */
export function openLoopSockets(options: LoopSocketOptions): Promise<Listener<readonly number[]>[]> {
  return openListeners(options, { open: async (endpoint, role) => open(endpoint, role, options), close: closeAll })
}

function open(endpoint: Endpoint, role: SocketRole, options: LoopSocketOptions): { at: Endpoint; socket: number[] } {
  const handed = options.handed?.take(role, endpoint) ?? []
  const socket = handed.map(({ fd }) => fd)
  try {
    for (const fd of socket) adopt(fd, options)
    if (socket.length === 0) socket.push(openFirst(endpoint, options))
    const at = { address: endpoint.address, port: boundPort(socket[0] as number) }
    while (socket.length < options.workers) socket.push(openAnother(at, options, handed[0]?.fd))
    return { at, socket }
  } catch (error) {
    closeAll(socket)
    throw error
  }
}

/** What another process has listened on, perhaps by other settings, or with the other engine. */
function adopt(fd: number, { backlog, liveness }: LoopSocketOptions): void {
  sharePort(fd)
  setLiveness(fd, liveness.keepalive, liveness.userTimeout)
  keepListening(fd, backlog)
}

/**
 * Loops share a port, and another proxyd of the same user would be let in without a word. So the first socket shares its port
 * only once it has it: it gets none on which anybody listens.
 */
function openFirst(endpoint: Endpoint, options: LoopSocketOptions): number {
  return openSocket(endpoint, options, { bound: sharePort })
}

/** Where the socket that was handed over is another user's, or its port is root's, the port cannot be shared, but that socket can. */
function openAnother(at: Endpoint, options: LoopSocketOptions, handed: number | undefined): number {
  try {
    return openSocket(at, options, { opened: sharePort })
  } catch (error) {
    const isOfOthers = error instanceof ListenError && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
    if (handed === undefined || !isOfOthers) throw error
    return must(at, duplicate(handed))
  }
}

function openSocket(
  at: Endpoint,
  { backlog, liveness }: LoopSocketOptions,
  share: { readonly opened?: (fd: number) => void; readonly bound?: (fd: number) => void },
): number {
  const opened = (fd: number) => {
    share.opened?.(fd)
    setLiveness(fd, liveness.keepalive, liveness.userTimeout)
  }
  return must(at, listenSocket(addressOf(at), at.port, backlog, { ...share, opened }))
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
