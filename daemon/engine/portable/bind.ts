import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { formatAddress, isSame, isUnspecified, parseAddress } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import type { Egress } from '../../net/egress.ts'
import { streamBytes } from '../../sockets/listeners.ts'
import { Reason } from '../session-table.ts'
import { bindBacklog, noRoomForBind } from '../shared/descriptor-shares.ts'
import { successReply } from '../shared/protocols.ts'
import { notAllowed, notFound, refusalOf } from '../shared/refusals.ts'
import { watchOver } from './context.ts'
import { DialError, refusalFor } from './dial.ts'
import { boundOf, clientEnds, localAddressTo } from './local-address.ts'
import { addressesOf } from './reach.ts'
import { relay } from './relay.ts'
import { reset, type Session } from './session.ts'

const nobody = { bytes: new Uint8Array(0) }

/** Somebody who may come, and where we listen for them: on addresses of the egress, or wherever the system says. */
interface Expected {
  readonly literal: string
  readonly egress: Egress | undefined
}

/**
 * BIND (RFC 1928, sections 4 and 6): listens on an address of the egress, or the one from which `peer` is reached, tells it
 * in the first reply, and in the second who has come. Connections from elsewhere are reset; the port is the peer's, and does
 * not matter. An address of zeros stands for any peer, who is then expected where the client reaches us.
 */
export async function bind(session: Session, peer: Destination): Promise<void> {
  try {
    const peers = await expectedPeers(session, peer)
    if (session.isOver) return
    session.clearDeadline()
    if (!session.row.bind()) {
      session.context.warn(noRoomForBind)
      throw new DialError('EMFILE')
    }
    const server = await listenFor(session, peer, peers)
    if (session.isOver) return void server?.close()
    if (server) begin(session, server, peer, peers)
    else session.reset(Reason.gone)
  } catch (error) {
    if (session.isOver) return
    session.refuse(refusalFor(error))
  }
}

/** All who may come; undefined for anybody, or if the session is over meanwhile. Rejects if nobody may. */
async function expectedPeers(session: Session, peer: Destination): Promise<readonly Expected[] | undefined> {
  if (peer.kind === 'address' && isUnspecified(peer.bytes)) return undefined
  const addresses = await addressesOf(session, peer)
  // Its row may be another session's.
  if (session.isOver) return undefined
  const { verdicts } = session.context
  const allowed = addresses.flatMap((literal) =>
    mayCome(session, literal, peer) ? { literal, egress: verdicts.egress } : [],
  )
  if (allowed.length === 0) throw new DialError(addresses.length > 0 ? notAllowed : notFound)
  return allowed
}

/** `expected` is what the client asked for; the port is that of who comes, once that is known. */
function mayCome({ row, context }: Session, literal: string, expected: Destination, port = expected.port): boolean {
  const address = parseAddress(literal)
  const name = expected.kind === 'name' ? expected.name : undefined
  return address !== undefined && context.verdicts.allows(row.slot, name, address, port)
}

/**
 * Listens where the first peer there is a way to can come to, or, for anybody, where the client reaches us; undefined if that
 * has gone. Rejects as the last peer did, if there is no way to any.
 */
async function listenFor(
  session: Session,
  expected: Destination,
  peers: readonly Expected[] | undefined,
): Promise<Server | undefined> {
  const { context, row } = session
  if (!peers) {
    const { relay: literal } = await clientEnds(session)
    if (literal === '' || session.isOver) return undefined
    const egress = context.verdicts.egressOf(row.slot)
    return egress ? listenFrom(session, expected, { literal, egress }) : listen(literal)
  }
  let failure: unknown
  for (const { literal, egress } of peers) {
    try {
      if (egress) return await listenFrom(session, expected, { literal, egress })
      return await listen(await localAddressTo(literal))
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

/** Listens on the first address of the egress that is there still. */
async function listenFrom(
  { context, row }: Session,
  expected: Destination,
  { literal, egress }: Expected & { egress: Egress },
): Promise<Server> {
  const name = expected.kind === 'name' ? expected.name : undefined
  const bytes = parseAddress(literal)?.bytes ?? nobody.bytes
  for (const address of context.egress.order(egress, { user: row.user, name, bytes })) {
    try {
      return await listen(formatAddress(address.bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') throw error
      context.egress.isGone(address)
    }
  }
  throw new DialError('EADDRNOTAVAIL')
}

async function listen(host: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true, highWaterMark: streamBytes })
  server.listen({ host, port: 0, backlog: bindBacklog, exclusive: true })
  await once(server, 'listening')
  return server
}

/** Tells the client where its peer may come to. */
function begin(session: Session, server: Server, expected: Destination, peers: readonly Expected[] | undefined): void {
  const early = new Early(session)
  server.on('connection', (socket: Socket) => {
    // An error always ends in 'close' too; without any listener it would end the process.
    socket.on('error', () => {})
    if (!server.listening || !isExpected(session, socket, expected, peers)) return void socket.resetAndDestroy()
    early.end()
    accept(session, server, socket)
  })
  session.own(server, () => server.close())
  server.on('error', () => session.reset(Reason.failed))
  session.row.listening()
  const first = parseAddress(peers?.[0]?.literal ?? '')
  if (first) session.row.dialling(first.bytes)
  const { address, port } = server.address() as AddressInfo
  tell(session, address, port)
  session.setDeadline(session.context.timeouts.bind, () => session.refuse(refusalOf('ETIMEDOUT')))
}

/**
 * What a client says before its peer is there. It is read as far as it is little, or nobody would hear of the client's end behind
 * it: whoever finishes before the peer is there hears of none.
 */
class Early {
  readonly #session: Session
  readonly #said: Buffer[] = []
  #length = 0

  constructor(session: Session) {
    this.#session = session
    session.client.on('data', this.#hear).resume()
  }

  /** The peer is there: it is to be read again. */
  end(): void {
    const { client } = this.#session
    client.pause()
    client.off('data', this.#hear)
    if (this.#length > 0) client.unshift(Buffer.concat(this.#said))
  }

  readonly #hear = (chunk: Buffer): void => {
    if (this.#session.isOver) return
    this.#said.push(chunk)
    this.#length += chunk.length
    if (this.#length >= streamBytes) this.#session.client.pause()
  }
}

function isExpected(
  session: Session,
  peer: Socket,
  expected: Destination,
  peers: readonly Expected[] | undefined,
): boolean {
  const { remoteAddress = '', remotePort = 0 } = peer
  const { bytes } = parseAddress(remoteAddress) ?? nobody
  const isPeer = ({ literal }: Expected) => isSame(parseAddress(literal)?.bytes ?? nobody.bytes, bytes)
  // No rule is asked about others: that would count against the client.
  return (peers?.some(isPeer) ?? true) && mayCome(session, remoteAddress, expected, remotePort)
}

function accept(session: Session, server: Server, peer: Socket): void {
  const { remoteAddress = '', remotePort = 0 } = peer
  session.own(peer, () => reset(peer))
  server.close()
  watchOver(peer, session.context.liveness)
  session.row.target(remoteAddress, remotePort)
  tell(session, remoteAddress, remotePort)
  relay(session, peer)
  peer.resume()
}

/** The reply that tells where we listen, or who has come. */
function tell({ client, row }: Session, address: string, port: number): void {
  const reply = successReply(row.protocol, boundOf(address, port))
  if (reply) client.write(reply)
}
