import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { onTestFinished } from 'vitest'
import { Peer } from './peer.ts'

/** A server for a proxy to reach. */
export interface Target {
  readonly host: string
  readonly port: number
  /** The next connection, in the order in which they come. */
  next(): Promise<Peer>
  /** Connections that nobody has taken yet. */
  readonly unclaimed: readonly Peer[]
}

/** Listens on a loopback address until the test is over. */
export async function startTarget(host = '127.0.0.1', port = 0): Promise<Target> {
  const unclaimed: Peer[] = []
  const claims: ((peer: Peer) => void)[] = []
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const peer = new Peer(socket)
    const claim = claims.shift()
    if (claim) claim(peer)
    else unclaimed.push(peer)
  })
  server.listen(port, host)
  await once(server, 'listening')
  onTestFinished(() => void server.close())

  const next = async () => unclaimed.shift() ?? new Promise<Peer>((resolve) => claims.push(resolve))
  return { host, port: (server.address() as AddressInfo).port, next, unclaimed }
}
