import { Reply } from '../../socks/messages.ts'
import { Reason } from '../session-table.ts'

/** What both engines tell a client that cannot have what it wants, and for how long they listen to it still. */

/** Why a destination is not reached: an errno's name, as errno(3) has it, or one of the words below. */
export type Failure = string

/** The rules forbid it. */
export const notAllowed: Failure = 'not allowed'
/** The name has no addresses. */
export const notFound: Failure = 'not found'
/** The name's addresses did not come in time. */
export const notResolved: Failure = 'not resolved'

/** What is told where connect(2) says EADDRNOTAVAIL. No loop shares these ports out: it does not know which the kernel keeps of connections that ended. */
export const noPortLeft =
  'connections fail, for all ports of this machine towards their target are taken: net.ipv4.tcp_tw_reuse=1, a wider ' +
  'net.ipv4.ip_local_port_range or egress over several addresses leaves more, limits of connections some for others'

/** How long a client that was refused may take to read that and close, in milliseconds. */
export const lingerTime = 2_000

export interface Refusal {
  /** REP (RFC 1928, section 6). */
  readonly reply: Reply
  readonly reason: Reason
}

const refusals: Readonly<Record<Failure, Refusal>> = {
  [notAllowed]: { reply: Reply.notAllowed, reason: Reason.forbidden },
  [notFound]: { reply: Reply.hostUnreachable, reason: Reason.notFound },
  [notResolved]: { reply: Reply.hostUnreachable, reason: Reason.timedOut },
  ENETUNREACH: { reply: Reply.networkUnreachable, reason: Reason.unreachable },
  EHOSTUNREACH: { reply: Reply.hostUnreachable, reason: Reason.unreachable },
  ECONNREFUSED: { reply: Reply.connectionRefused, reason: Reason.refused },
  // A deadline of ours counts as this, too.
  ETIMEDOUT: { reply: Reply.ttlExpired, reason: Reason.timedOut },
}
const generalFailure: Refusal = { reply: Reply.generalFailure, reason: Reason.failed }

export function refusalOf(failure: Failure): Refusal {
  return refusals[failure] ?? generalFailure
}
