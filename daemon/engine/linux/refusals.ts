import { EPOLLERR, EPOLLHUP, EPOLLRDHUP } from '../../os/epoll.ts'
import { finish } from '../../os/socket.ts'
import { forwarded, Reason } from '../session-table.ts'
import { refusalReply } from '../shared/protocols.ts'
import { type Failure, lingerTime, type Refusal, refusalOf } from '../shared/refusals.ts'
import type { Replies } from './replies.ts'
import { clientOf, Flag, type Sessions, slotOf } from './sessions.ts'
import type { Stage } from './stage.ts'

/**
 * Lets refused clients go. To close a socket with unread input would turn the reply before it into an RST, so we linger
 * for the client's end, or until its time is up, and leave what it sends to the kernel. Where places are short none is spent on that.
 */
export class Refusals implements Stage {
  readonly #sessions: Sessions
  readonly #replies: Replies

  constructor(sessions: Sessions, replies: Replies) {
    this.#sessions = sessions
    this.#replies = replies
  }

  /** The session is over before it relayed: send the last reply, if there is one, then our end. */
  refuse(slot: number, reply: Uint8Array | undefined, reason: Reason): void {
    const { fd, flags } = this.#sessions
    this.#sessions.refuse(slot, reason)
    this.#sessions.closeTarget(slot)
    this.#sessions.extras.closeAll(slot)
    if (reply && !this.#replies.isTaken(slot, reply)) return this.#sessions.close(slot, reason)
    finish(fd[clientOf(slot)])
    this.#sessions.setDeadline(slot, lingerTime)
    if (flags[clientOf(slot)] & Flag.finishing || this.#sessions.places.isShort) this.#finish(slot)
  }

  /** As `refuse`, with the reply for this failure; a forward's client, who expects none, gets an RST. */
  fail(slot: number, failure: Failure): void {
    this.decline(slot, refusalOf(failure))
  }

  /** As `fail`. */
  decline(slot: number, refusal: Refusal): void {
    const { command, protocol } = this.#sessions.table
    if (command[slot] === forwarded) this.#sessions.reset(slot, refusal.reason)
    else this.refuse(slot, refusalReply(protocol[slot] as number, refusal), refusal.reason)
  }

  onEvent(half: number, events: number): void {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) this.#finish(slotOf(half))
  }

  onDeadline(slot: number): void {
    this.#sessions.close(slot, this.#sessions.table.whyBrokenOff(slot, Reason.failed))
  }

  #finish(slot: number): void {
    this.#sessions.closeBehindInput(slot, this.#sessions.table.whyBrokenOff(slot, Reason.failed))
  }
}
