import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Reply } from '../../socks/messages.ts'

/** Why a destination could not be reached: as node:net has it, an errno name or ENOTFOUND, or `notAllowed`. */
export class DialError extends Error {
  readonly code: string

  constructor(code: string) {
    super(`cannot reach the destination: ${code}`)
    this.name = 'DialError'
    this.code = code
  }
}

/** The code of what the policy forbids. */
export const notAllowed = 'not allowed'

/** A socket on its way to an address literal. Await `connected` before use. */
export function dial(address: string, port: number): Socket {
  const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true })
  // An error always ends in 'close' too; without any listener it would end the process.
  return socket.on('error', () => {})
}

/** Resolves when the socket is connected; rejects with an error that has a `code`, ETIMEDOUT after `milliseconds`. */
export async function connected(socket: Socket, milliseconds: number): Promise<void> {
  const timer = setTimeout(() => socket.destroy(new DialError('ETIMEDOUT')), milliseconds)
  try {
    await once(socket, 'connect')
  } finally {
    clearTimeout(timer)
  }
}

/** RFC 1928, section 6: REP for what went wrong. A deadline of ours counts as ETIMEDOUT. */
export function replyFor(error: unknown): Reply {
  switch ((error as { code?: unknown }).code) {
    case notAllowed:
      return Reply.notAllowed
    case 'ENETUNREACH':
      return Reply.networkUnreachable
    case 'EHOSTUNREACH':
    case 'ENOTFOUND':
      return Reply.hostUnreachable
    case 'ECONNREFUSED':
      return Reply.connectionRefused
    case 'ETIMEDOUT':
      return Reply.ttlExpired
    default:
      return Reply.generalFailure
  }
}
