import { formatAddress } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { notResolved, type Refusal } from '../shared/refusals.ts'
import { DialError, dialAll, refusalFor } from './dial.ts'
import type { Dialled } from './dialled.ts'
import type { Session } from './session.ts'

/** Says why a destination was not reached. Not called of a session that is over. */
export type Refuse = (refusal: Refusal) => void

/** Connects to a destination; undefined if that failed, or if the session is over. Never rejects. */
export async function reach(session: Session, destination: Destination, refuse: Refuse): Promise<Dialled | undefined> {
  try {
    const addresses = await addressesOf(session, destination)
    if (session.isOver) return undefined
    session.clearDeadline()
    if (addresses.length > 0) session.row.connecting()
    const target = await dialAll(session, addresses, destination)
    return session.isOver ? undefined : target
  } catch (error) {
    if (!session.isOver) refuse(refusalFor(error))
    return undefined
  }
}

/**
 * The destination's address literals; none if the name has none. Rejects if too many wait for theirs, or if the resolver
 * takes too long, for which the session's deadline is set.
 */
export async function addressesOf(session: Session, destination: Destination): Promise<readonly string[]> {
  if (destination.kind === 'address') return [formatAddress(destination.bytes)]
  const { resolver, timeouts } = session.context
  session.row.resolving()
  const { promise: tooLate, reject: giveUp } = Promise.withResolvers<never>()
  session.setDeadline(timeouts.resolve, () => giveUp(new DialError(notResolved)))
  const found = await Promise.race([resolver.resolve(destination.name, session.row.asker), tooLate])
  if (!found) throw new DialError('EAI_AGAIN')
  return found.addresses
}
