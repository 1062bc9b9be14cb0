import type { Destination } from '../../net/destination.ts'
import { Command, encodeReply, Reply } from '../../socks/messages.ts'
import { forwarded, Reason } from '../session-table.ts'
import { boundOf } from './local-address.ts'
import { reach } from './reach.ts'
import { relay } from './relay.ts'
import type { Session } from './session.ts'

/** CONNECT (RFC 1928, sections 4 and 6): the reply tells the address that the target's socket is bound to, or why there is none. */
export async function connect(session: Session, destination: Destination): Promise<void> {
  session.row.requested(Command.connect, destination)
  const target = await reach(session, destination, (refusal) => session.refuse(refusal))
  if (!target) return
  session.client.write(encodeReply(Reply.succeeded, boundOf(target.localAddress, target.localPort)))
  relay(session, target)
}

/** Connects a client that has not asked. A failure is an RST: it must not look like an answer without a word. */
export async function forward(session: Session, destination: Destination): Promise<void> {
  session.row.requested(forwarded, destination)
  if (!session.context.rules.admit(forwarded, destination)) return session.reset(Reason.forbidden)
  // Only who reads learns of an end. What comes is kept until the target is there.
  session.client.read(0)
  const target = await reach(session, destination, ({ reason }) => session.reset(reason))
  if (target) relay(session, target)
}
