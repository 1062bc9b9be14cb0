import { send } from '../../os/libc.ts'
import { MSG_NOSIGNAL } from '../../os/socket.ts'
import type { Bound } from '../../socks/messages.ts'
import { Reason } from '../session-table.ts'
import { successReply } from '../shared/protocols.ts'
import { clientOf, type Sessions } from './sessions.ts'

/** No reply is longer, not even those of a whole negotiation together: two of HTTP are 600 bytes. */
const replyBytes = 1024

/** What is said to clients before anything is relayed. */
export class Replies {
  readonly #sessions: Sessions
  /** Lent to the kernel; to lend it each reply's own memory would move that out of the heap first. */
  readonly #buffer = new Uint8Array(replyBytes)

  constructor(sessions: Sessions) {
    this.#sessions = sessions
  }

  /** Send it whole. False: the client is gone, or takes none, and so is the session. */
  send(slot: number, reply: Uint8Array): boolean {
    if (this.isTaken(slot, reply)) return true
    this.#sessions.close(slot, Reason.gone)
    return false
  }

  /** As `send`: what was asked for stands, at this address. There may be nothing to say. */
  succeed(slot: number, bound: Bound): boolean {
    const reply = successReply(this.#sessions.table.protocol[slot] as number, bound)
    return !reply || this.send(slot, reply)
  }

  /** As `send`, but what comes of it is the caller's affair. */
  isTaken(slot: number, reply: Uint8Array): boolean {
    this.#buffer.set(reply)
    return send(this.#sessions.fd[clientOf(slot)], this.#buffer, reply.length, MSG_NOSIGNAL) === reply.length
  }
}
