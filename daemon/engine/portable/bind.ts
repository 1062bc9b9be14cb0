import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { isSame, isUnspecified, parseAddress } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { encodeReply, Reply } from '../../socks/messages.ts'
import { Reason } from '../session-table.ts'
import { bindBacklog } from '../shared/descriptor-shares.ts'
import { notAllowed, notFound, refusalOf } from '../shared/refusals.ts'
import { watchOver } from './context.ts'
import { DialError, refusalFor } from './dial.ts'
import { boundOf, localAddressTo } from './local-address.ts'
import { addressesOf } from './reach.ts'
import { relay } from './relay.ts'
import { reset, type Session } from './session.ts'

const nobody = { bytes: new Uint8Array(0) }

/**
 * BIND (RFC 1928, sections 4 and 6): listens on the address from which `peer` is reached, tells it in the first reply,
 * and in the second who has come. Connections from elsewhere are reset; the port is the peer's, and does not matter. An
 * address of zeros stands for any peer, who is then expected where the client came to.
 */
export async function bind(session: Session, peer: Destination): Promise<void> {
  try {
    const peers = await expectedPeers(session, peer)
    if (session.isOver) return
    session.clearDeadline()
    const host = peers ? await firstLocalAddress(peers) : session.client.localAddress
    if (host === undefined) return session.reset(Reason.gone)
    if (!session.isOver) await listen(session, host, peer, peers)
  } catch (error) {
    if (session.isOver) return
    session.refuse(refusalFor(error))
  }
}

/** Literals of all that may come; undefined for anybody. Rejects if nobody may. */
async function expectedPeers(session: Session, peer: Destination): Promise<readonly string[] | undefined> {
  if (peer.kind === 'address' && isUnspecified(peer.bytes)) return undefined
  const addresses = await addressesOf(session, peer)
  const allowed = addresses.filter((address) => mayCome(session, address, peer))
  if (allowed.length === 0) throw new DialError(addresses.length > 0 ? notAllowed : notFound)
  return allowed
}

/** `expected` is what the client asked for; the port is that of who comes, once that is known. */
function mayCome({ row, context }: Session, literal: string, expected: Destination, port = expected.port): boolean {
  const address = parseAddress(literal)
  const name = expected.kind === 'name' ? expected.name : undefined
  return address !== undefined && context.verdicts.allows(row.slot, name, address, port)
}

/** Rejects as the last peer did, if there is no way to any. */
async function firstLocalAddress(peers: readonly string[]): Promise<string> {
  let failure: unknown
  for (const peer of peers) {
    try {
      return await localAddressTo(peer)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

/** Resolves when the first reply is on its way. */
async function listen(
  session: Session,
  host: string,
  expected: Destination,
  peers: readonly string[] | undefined,
): Promise<void> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
    // An error always ends in 'close' too; without any listener it would end the process.
    socket.on('error', () => {})
    if (server.listening && isExpected(session, socket, expected, peers)) accept(session, server, socket)
    else socket.resetAndDestroy()
  })
  server.listen({ host, port: 0, backlog: bindBacklog, exclusive: true })
  await once(server, 'listening')
  if (session.isOver) return void server.close()
  session.own(server, () => server.close())
  server.on('error', () => session.reset(Reason.failed))
  session.row.listening()
  if (peers?.[0] !== undefined) session.row.dialling(peers[0])
  const { address, port } = server.address() as AddressInfo
  session.client.write(encodeReply(Reply.succeeded, boundOf(address, port)))
  session.setDeadline(session.context.timeouts.bind, () => session.refuse(refusalOf('ETIMEDOUT')))
}

function isExpected(
  session: Session,
  peer: Socket,
  expected: Destination,
  peers: readonly string[] | undefined,
): boolean {
  const { remoteAddress = '', remotePort = 0 } = peer
  if (!mayCome(session, remoteAddress, expected, remotePort)) return false
  const { bytes } = parseAddress(remoteAddress) ?? nobody
  return peers === undefined || peers.some((literal) => isSame(parseAddress(literal)?.bytes ?? nobody.bytes, bytes))
}

function accept(session: Session, server: Server, peer: Socket): void {
  const { remoteAddress = '', remotePort = 0 } = peer
  session.own(peer, () => reset(peer))
  server.close()
  watchOver(peer, session.context.liveness)
  session.row.target(remoteAddress, remotePort)
  session.client.write(encodeReply(Reply.succeeded, boundOf(remoteAddress, remotePort)))
  relay(session, peer)
  peer.resume()
}
