import { EPOLLERR, EPOLLHUP, EPOLLRDHUP } from '../../os/epoll.ts'
import { recv, send } from '../../os/libc.ts'
import { finish, MSG_NOSIGNAL, MSG_TRUNC } from '../../os/socket.ts'
import { Reason } from '../session-table.ts'
import { type Clock, clientOf, Flag, type Sessions } from './sessions.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** How long a client that was refused may take to close, in milliseconds. */
const lingerTime = 2_000
/** No reply is longer, not even those of a whole negotiation together. */
const replyBytes = 64
/** Input dropped at once. */
const dropBytes = 1024 * 1024

/**
 * Sends replies during set-up, and lets refused clients go. To close a socket with unread input would turn the reply
 * before it into an RST, so we wait for the client's end, or until its time is up, and leave what it sends to the kernel.
 */
export class Farewell {
  readonly #sessions: Sessions
  readonly #wheel: TimerWheel
  readonly #clock: Clock
  /** Lent to the kernel; to lend it each reply's own memory would move that out of the heap first. */
  readonly #buffer = new Uint8Array(replyBytes)

  constructor(sessions: Sessions, wheel: TimerWheel, clock: Clock) {
    this.#sessions = sessions
    this.#wheel = wheel
    this.#clock = clock
  }

  /** Send a reply. False: the client is gone, or takes none, and so is the session. */
  reply(slot: number, reply: Uint8Array): boolean {
    if (this.#send(slot, reply)) return true
    this.#sessions.close(slot, Reason.gone)
    return false
  }

  /** The session is over before it relayed: send the last reply, if there is one, then our end. */
  refuse(slot: number, reply: Uint8Array | undefined, reason: Reason): void {
    const { fd, flags } = this.#sessions
    this.#sessions.refuse(slot, reason)
    this.#sessions.closeTarget(slot)
    this.#sessions.extras.closeAll(slot)
    if (reply && !this.#send(slot, reply)) return this.#sessions.close(slot, reason)
    finish(fd[clientOf(slot)])
    this.#wheel.set(slot, this.#clock.now + lingerTime)
    if (flags[clientOf(slot)] & Flag.finishing) this.#finish(slot)
  }

  onEvent(slot: number, events: number): void {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) this.#finish(slot)
  }

  #send(slot: number, reply: Uint8Array): boolean {
    this.#buffer.set(reply)
    return send(this.#sessions.fd[clientOf(slot)], this.#buffer, reply.length, MSG_NOSIGNAL) === reply.length
  }

  /** The client's end has come: nothing follows what the kernel holds, so with that dropped the close is no RST. */
  #finish(slot: number): void {
    const client = this.#sessions.fd[clientOf(slot)]
    while (recv(client, null, dropBytes, MSG_TRUNC) > 0);
    this.#sessions.close(slot, this.#sessions.table.whyBrokenOff(slot, Reason.failed))
  }
}
