import type { Destination } from '../../net/destination.ts'
import { Command } from '../../socks/messages.ts'
import { forwarded } from '../session-table.ts'
import { successReply } from '../shared/protocols.ts'
import { associate } from './associate.ts'
import { bind } from './bind.ts'
import { greet } from './greet.ts'
import { boundOf } from './local-address.ts'
import { reach } from './reach.ts'
import { relay } from './relay.ts'
import type { Session } from './session.ts'

/** Serves a client: greets it, admits what it asks for, and does that. */
export async function serve(session: Session): Promise<void> {
  const request = await greet(session)
  if (!request || session.isOver) return
  const { command, destination } = request
  if (command === Command.udpAssociate) session.row.associating()
  else session.row.requested(command, destination)
  const refusal = session.row.admit(destination, session.context)
  if (refusal) return session.refuse(refusal)
  if (command === Command.connect) return connect(session, destination)
  if (command === Command.bind) return bind(session, destination)
  return associate(session, destination)
}

/** Serves a client of a forward, who has not asked. A failure is an RST: it must not look like an answer without a word. */
export async function forward(session: Session, destination: Destination): Promise<void> {
  const { row, client, context } = session
  row.requested(forwarded, destination)
  const refusal = row.admit(destination, context)
  if (refusal) return session.reset(refusal.reason)
  // Only who reads learns of an end. What comes is kept until the target is there.
  client.read(0)
  context.paused.add(client)
  const target = await reach(session, destination, ({ reason }) => session.reset(reason))
  if (target) relay(session, target)
}

/** CONNECT (RFC 1928, sections 4 and 6): the reply tells the address that the target's socket is bound to, or why there is none. */
async function connect(session: Session, destination: Destination): Promise<void> {
  const target = await reach(session, destination, (refusal) => session.refuse(refusal))
  if (!target) return
  const reply = successReply(session.row.protocol, boundOf(target.socket.localAddress, target.socket.localPort))
  if (reply) session.client.write(reply)
  relay(session, target)
}
