import { type Destination, destinationOf } from '../net/destination.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { HandedSockets, SocketRole } from './handed-sockets.ts'

/** A port whose clients are all connected to one destination, without a negotiation. */
export interface Forward {
  readonly listen: Endpoint
  /** A name or an address literal without brackets. */
  readonly host: string
  readonly port: number
}

/** What is to be listened on. */
export interface ListenOptions {
  /** Every address gets the same port; with port 0 the first one's free port serves for all. */
  readonly listen: readonly Endpoint[]
  readonly forwards: readonly Forward[]
  /** Clients that may wait at a socket to be accepted. */
  readonly backlog: number
  /** What another process has handed over: where it has sockets for an endpoint, all of them serve. */
  readonly handed?: HandedSockets
}

/**
 * Bytes that wait in one of Node's streams before it is read no further, or written to: each may have come alone, and takes 130
 * in memory then. What is read at once may be more.
 */
export const streamBytes = 2048

/** What listens on one endpoint, be it several sockets. Whoever it is given to closes it. */
export interface Listener<Socket> {
  /** With its real port. */
  readonly at: Endpoint
  readonly socket: Socket
  /** Where its clients are connected to without a negotiation, if it is a forward's. */
  readonly leadsTo: Destination | undefined
}

/** Where those listen that are forwards', or those whose clients say where they want to be connected to, in their order. */
export function endpointsOf(listeners: readonly Listener<unknown>[], role: SocketRole): Endpoint[] {
  return listeners.filter((listener) => roleOf(listener) === role).map(({ at }) => at)
}

export function roleOf({ leadsTo }: Listener<unknown>): SocketRole {
  return leadsTo ? 'forward' : 'socks'
}

/** How sockets of one kind are opened and given back. */
export interface Opener<Socket> {
  /** Throws `ListenError`, after which nothing stays open. */
  open(endpoint: Endpoint, role: SocketRole): Promise<{ readonly at: Endpoint; readonly socket: Socket }>
  close(socket: Socket): void
}

/** An address or port that cannot be listened on. */
export class ListenError extends Error {
  readonly endpoint: Endpoint
  /** As in errno(3): EADDRINUSE, EACCES, EADDRNOTAVAIL, EAFNOSUPPORT. */
  readonly code: string

  constructor(endpoint: Endpoint, code: string) {
    super(`cannot listen on ${endpoint.address} port ${endpoint.port}: ${code}`)
    this.name = 'ListenError'
    this.endpoint = endpoint
    this.code = code
  }
}

/** How often a port is looked for that is free on all addresses: one that is free on the first may be taken on the next. */
const attempts = 10

/** Listens on everything that is asked for, in that order. Throws `ListenError`, after which nothing stays open. */
export async function openListeners<Socket>(
  options: ListenOptions,
  opener: Opener<Socket>,
): Promise<Listener<Socket>[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryListeners(options, opener)
    } catch (error) {
      const isTaken = error instanceof ListenError && error.code === 'EADDRINUSE'
      const isFree = options.listen.some(({ port }) => port === 0)
      if (!isTaken || !isFree || attempt === attempts) throw error
    }
  }
}

async function tryListeners<Socket>(
  { listen, forwards }: ListenOptions,
  { open, close }: Opener<Socket>,
): Promise<Listener<Socket>[]> {
  const listeners: Listener<Socket>[] = []
  try {
    let freePort = 0
    for (const { address, port } of listen) {
      const opened = await open({ address, port: port || freePort }, 'socks')
      listeners.push({ ...opened, leadsTo: undefined })
      if (port === 0) freePort = opened.at.port
    }
    for (const { listen, host, port } of forwards)
      listeners.push({ ...(await open(listen, 'forward')), leadsTo: destinationOf(host, port) })
    return listeners
  } catch (error) {
    for (const { socket } of listeners) close(socket)
    throw error
  }
}
