import { once } from 'node:events'
import { type AddressInfo, isIP, type Server } from 'node:net'
import { isLoopback } from '../../shared/loopback.ts'
import { ControlListenError, ControlStartError, type Endpoint } from './start-error.ts'

/** How often a free port of the first address is asked for until the others have it free too. */
const mostTries = 10

/** Throws `ControlStartError` if other machines could reach one of the endpoints. */
export function refuseOpenEndpoints(endpoints: readonly Endpoint[]): void {
  for (const { address } of endpoints) {
    if (isIP(address) === 0) throw new ControlStartError(`${address} is not an IP address: give one with -L`)
    if (isLoopback(address)) continue
    const mend = 'give a loopback address with -L, such as 127.0.0.1 or ::1, and reach it through SSH'
    throw new ControlStartError(`management on ${address} would need TLS, which proxyd does not have yet: ${mend}`)
  }
}

/**
 * Listens on every endpoint, with one server that `makeServer` makes for each. Where port 0 is asked for, the free port
 * of the first address serves for all. Throws `ControlListenError`, and then nothing listens.
 */
export async function listenOnTcp(endpoints: readonly Endpoint[], makeServer: () => Server): Promise<Server[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await listenOnAll(endpoints, makeServer)
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

async function listenOnAll(endpoints: readonly Endpoint[], makeServer: () => Server): Promise<Server[]> {
  await using opened = new AsyncDisposableStack()
  const servers: Server[] = []
  for (const endpoint of endpoints) {
    const server = makeServer()
    const port = endpoint.port || (servers[0] === undefined ? 0 : endpointOf(servers[0]).port)
    try {
      await once(server.listen({ host: endpoint.address, port }), 'listening')
    } catch (error) {
      throw new ControlListenError(endpoint, (error as NodeJS.ErrnoException).code)
    }
    opened.defer(() => void server.close())
    servers.push(server)
  }
  opened.move()
  return servers
}
