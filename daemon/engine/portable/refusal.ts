import { Reply } from '../../socks/messages.ts'
import { Reason } from '../session-table.ts'

/** Why a destination could not be reached: an errno's name, as node:net has it, or one of the codes below. */
export class DialError extends Error {
  readonly code: string

  constructor(code: string) {
    super(`cannot reach the destination: ${code}`)
    this.name = 'DialError'
    this.code = code
  }
}

/** The policy forbids it. */
export const notAllowed = 'not allowed'
/** The name has no addresses. */
export const notFound = 'not found'
/** The name's addresses did not come in time. */
export const notResolved = 'not resolved'

/** RFC 1928, section 6: REP for what went wrong, and the reason. A deadline of ours counts as ETIMEDOUT. */
export function refusalFor(error: unknown): readonly [Reply, Reason] {
  switch ((error as { code?: unknown }).code) {
    case notAllowed:
      return [Reply.notAllowed, Reason.forbidden]
    case 'ENETUNREACH':
      return [Reply.networkUnreachable, Reason.unreachable]
    case 'EHOSTUNREACH':
      return [Reply.hostUnreachable, Reason.unreachable]
    case notFound:
      return [Reply.hostUnreachable, Reason.notFound]
    case notResolved:
      return [Reply.hostUnreachable, Reason.timedOut]
    case 'ECONNREFUSED':
      return [Reply.connectionRefused, Reason.refused]
    case 'ETIMEDOUT':
      return [Reply.ttlExpired, Reason.timedOut]
    default:
      return [Reply.generalFailure, Reason.failed]
  }
}
