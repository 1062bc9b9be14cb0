import { once } from 'node:events'
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net'
import { type Destination, destinationOf } from '../../net/destination.ts'
import type { Endpoint } from '../../net/endpoint.ts'
import { type Forward, ListenError } from '../engine.ts'
import { triesAnotherPort } from '../shared/free-port.ts'

export interface ListenOptions {
  readonly backlog: number
  /** `leadsTo`: where the client is to be connected, of a forward's. */
  readonly accept: (client: Socket, leadsTo?: Destination) => void
  readonly warn: (message: string) => void
}

/**
 * Listens on all endpoints; with port 0 the first one's free port serves for all. Rejects with `ListenError`, nothing
 * left open.
 */
export async function openListeners(endpoints: readonly Endpoint[], options: ListenOptions): Promise<Server[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openAll(endpoints, options)
    } catch (error) {
      if (!triesAnotherPort(error, endpoints, attempt)) throw error
    }
  }
}

/** Listens for each forward, on a port of its own. Rejects with `ListenError`, nothing left open. */
export async function openForwards(forwards: readonly Forward[], options: ListenOptions): Promise<Server[]> {
  const open: Server[] = []
  try {
    for (const { listen, host, port } of forwards) {
      const leadsTo = destinationOf(host, port)
      open.push(await openOne(listen, { ...options, accept: (client) => options.accept(client, leadsTo) }))
    }
  } catch (error) {
    for (const server of open) server.close()
    throw error
  }
  return open
}

export function endpointOf(server: Server): Endpoint {
  const { address, port } = server.address() as AddressInfo
  return { address, port }
}

async function openAll(endpoints: readonly Endpoint[], options: ListenOptions): Promise<Server[]> {
  const open: Server[] = []
  let freePort = 0
  try {
    for (const { address, port } of endpoints) {
      const server = await openOne({ address, port: port || freePort }, options)
      open.push(server)
      if (port === 0) freePort = endpointOf(server).port
    }
  } catch (error) {
    for (const server of open) server.close()
    throw error
  }
  return open
}

async function openOne(endpoint: Endpoint, options: ListenOptions): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) =>
    options.accept(client),
  )
  const { address: host, port } = endpoint
  server.listen({ host, port, backlog: options.backlog, ipv6Only: isIPv6(host), exclusive: true })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ListenError(endpoint, (error as NodeJS.ErrnoException).code ?? 'unknown')
  }
  return server.on('error', (error) => options.warn(`cannot accept a client: ${error.message}`))
}
