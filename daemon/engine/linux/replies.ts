import { lend, send } from '../../os/libc.ts'
import { MSG_NOSIGNAL } from '../../os/socket.ts'
import { Protocol } from '../../socks/conversation.ts'
import { type Bound, Reply, writeReply } from '../../socks/messages.ts'
import { Reason } from '../session-table.ts'
import { successReply } from '../shared/protocols.ts'
import { clientOf, type Sessions } from './sessions.ts'

/** No reply is longer, not even those of a whole negotiation together: two of HTTP are 600 bytes. */
const replyBytes = 1024

/** What is said to clients before anything is relayed. */
export class Replies {
  readonly #sessions: Sessions
  /** Lent to the kernel; to lend it each reply's own memory would move that out of the heap first. */
  readonly #buffer = lend(replyBytes)

  constructor(sessions: Sessions) {
    this.#sessions = sessions
  }

  /** Send it whole. False: the client is gone, or takes none, and so is the session. */
  send(slot: number, reply: Uint8Array): boolean {
    return this.isTaken(slot, reply) || this.#leave(slot)
  }

  /** As `send`: what was asked for stands, at this address. There may be nothing to say. */
  succeed(slot: number, bound: Bound): boolean {
    const protocol = this.#sessions.table.protocol[slot] as number
    // Nearly always: for that reply alone nothing is allocated.
    if (protocol === Protocol.socks5)
      return this.#isSent(slot, writeReply(this.#buffer.bytes, Reply.succeeded, bound)) || this.#leave(slot)
    const reply = successReply(protocol, bound)
    return !reply || this.send(slot, reply)
  }

  /** As `send`, but what comes of it is the caller's affair. */
  isTaken(slot: number, reply: Uint8Array): boolean {
    const { bytes } = this.#buffer
    // By steps: for so few bytes a method's call would cost more.
    for (let i = 0; i < reply.length; i++) bytes[i] = reply[i]
    return this.#isSent(slot, reply.length)
  }

  /** Send so much of the buffer. */
  #isSent(slot: number, length: number): boolean {
    return send(this.#sessions.fd[clientOf(slot)], this.#buffer.at, length, MSG_NOSIGNAL) === length
  }

  #leave(slot: number): false {
    this.#sessions.close(slot, Reason.gone)
    return false
  }
}
