import { once } from 'node:events'
import { type AddressInfo, isIP, type Server } from 'node:net'
import { isLoopbackLiteral } from '../../net/address.ts'
import type { Endpoint } from '../../net/endpoint.ts'
import { descriptorOf, type HandedSockets, type NamedSocket } from '../../sockets/handed-sockets.ts'
import { ControlListenError, ControlStartError } from '../start-error.ts'

/** How often a free port of the first address is asked for until the others have it free too. */
const mostTries = 10

/** Throws `ControlStartError` if other machines could reach one of the endpoints. */
export function refuseOpenEndpoints(endpoints: readonly Endpoint[]): void {
  refuseWrongAddresses(endpoints, '--control-addr')
  const open = endpoints.find(({ address }) => !isLoopbackLiteral(address))
  if (open === undefined) return
  const mend = 'give it with --control-tls-addr, or reach a loopback address through SSH'
  throw new ControlStartError(`management on ${open.address} needs TLS: ${mend}`, 2)
}

/** Throws `ControlStartError` if one of the endpoints, given with `flag`, has no IP address. */
export function refuseWrongAddresses(endpoints: readonly Endpoint[], flag: string): void {
  const wrong = endpoints.find(({ address }) => isIP(address) === 0)
  if (wrong) throw new ControlStartError(`${wrong.address} is not an IP address: give one with ${flag}`, 2)
}

/**
 * Listens on every endpoint, with one server that `makeServer` makes for each. Where port 0 is asked for, the free port
 * of the first address serves for all; what was handed over serves where it fits. Throws `ControlListenError`, and then nothing listens.
 */
export async function listenOnTcp(
  endpoints: readonly Endpoint[],
  service: ControlListenError['service'],
  makeServer: () => Server,
  handed: HandedSockets | undefined,
): Promise<Server[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await listenOnAll(endpoints, service, makeServer, handed)
    } catch (error) {
      const isChance = error instanceof ControlListenError && error.code === 'EADDRINUSE' && error.endpoint.port === 0
      if (!isChance || tries === mostTries) throw error
    }
  }
}

/** Where a server listens, with its real port. */
export function endpointOf(server: Server): Endpoint {
  const { address, port } = server.address() as AddressInfo
  return { address, port }
}

/** The sockets of servers that listen, for a process that is to listen on them, too. */
export function socketsOf(servers: readonly Server[], role: ControlListenError['service']): NamedSocket[] {
  return servers.map((server) => ({ role, ...endpointOf(server), fd: descriptorOf(server) }))
}

async function listenOnAll(
  endpoints: readonly Endpoint[],
  service: ControlListenError['service'],
  makeServer: () => Server,
  handed: HandedSockets | undefined,
): Promise<Server[]> {
  await using opened = new AsyncDisposableStack()
  const servers: Server[] = []
  for (const endpoint of endpoints) {
    const server = makeServer()
    const port = endpoint.port || (servers[0] === undefined ? 0 : endpointOf(servers[0]).port)
    try {
      // `::` is for IPv6 alone, as it is for SOCKS, so that 0.0.0.0 can have the same port.
      const ipv6Only = endpoint.address === '::'
      const [taken] = handed?.take(service, { ...endpoint, port }) ?? []
      const at = taken ? { fd: taken.fd } : { host: endpoint.address, port, ipv6Only }
      await once(server.listen(at), 'listening')
    } catch (error) {
      throw new ControlListenError(endpoint, (error as NodeJS.ErrnoException).code, service)
    }
    opened.defer(() => void server.close())
    servers.push(server)
  }
  opened.move()
  return servers
}
