import { type EngineOptions, ListenError } from '../engine/engine.ts'
import { triesAnotherPort } from '../engine/shared/free-port.ts'
import { type Address, parseAddress } from '../net/address.ts'
import { type Destination, destinationOf } from '../net/destination.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { close, errnoName, ifNametoindex } from '../os/libc.ts'
import { boundPort, listen as listenSocket, setLiveness, sharePort } from '../os/socket.ts'

/** A socket that listens: whoever it is given to closes it. */
export interface Listener {
  readonly fd: number
  /** Where its clients are connected to without a negotiation, if it is a forward's. */
  readonly leadsTo: Destination | undefined
}

/** Every loop's sockets, and where they listen, in the order asked for. */
export interface Listeners {
  readonly perLoop: readonly (readonly Listener[])[]
  readonly listening: readonly Endpoint[]
  readonly forwarding: readonly Endpoint[]
}

/**
 * Open the listening sockets that the loops of an engine take over, a set for each. Throws `ListenError`, after which none
 * stays open.
 */
export function openListeners(options: EngineOptions): Listeners {
  for (let attempt = 1; ; attempt++) {
    try {
      return tryListeners(options)
    } catch (error) {
      if (!triesAnotherPort(error, options.listen, attempt)) throw error
    }
  }
}

function tryListeners(options: EngineOptions): Listeners {
  const { listen, forwards, workers } = options
  const perLoop: Listener[][] = Array.from({ length: workers }, () => [])
  const open = (endpoint: Endpoint, leadsTo: Destination | undefined) => {
    const at = probe(endpoint)
    for (const listeners of perLoop) listeners.push({ fd: openShared(at, options), leadsTo })
    return at
  }
  try {
    let freePort = 0
    const listening = listen.map((endpoint) => {
      const at = open({ ...endpoint, port: endpoint.port || freePort }, undefined)
      if (endpoint.port === 0) freePort = at.port
      return at
    })
    const forwarding = forwards.map(({ listen, host, port }) => open(listen, destinationOf(host, port)))
    return { perLoop, listening, forwarding }
  } catch (error) {
    closeListeners(perLoop)
    throw error
  }
}

/** Give back those that nobody has taken over. */
export function closeListeners(perLoop: Listeners['perLoop']): void {
  for (const { fd } of perLoop.flat()) close(fd)
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

function openShared(at: Endpoint, { backlog, liveness }: EngineOptions): number {
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
