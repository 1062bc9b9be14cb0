import { EPOLLERR, EPOLLHUP } from '../../os/epoll.ts'
import { errno, recv, send } from '../../os/libc.ts'
import { finish, MSG_NOSIGNAL } from '../../os/socket.ts'
import { State } from '../session-table.ts'
import { type Clock, clientOf, type Sessions } from './sessions.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** How long a client that was refused may take to close, in milliseconds. */
const lingerTime = 2_000

/**
 * Sends replies during set-up, and lets refused clients go: to close a socket with unread input would turn the reply
 * before it into an RST, so what they still send is read and dropped until they close or their time is up.
 */
export class Farewell {
  readonly #sessions: Sessions
  readonly #wheel: TimerWheel
  readonly #clock: Clock
  readonly #sink = new Uint8Array(4096)

  constructor(sessions: Sessions, wheel: TimerWheel, clock: Clock) {
    this.#sessions = sessions
    this.#wheel = wheel
    this.#clock = clock
  }

  /** Send a reply. False: the client is gone, or takes none, and so is the session. */
  reply(slot: number, reply: Uint8Array): boolean {
    const sent = send(this.#sessions.fd[clientOf(slot)], reply, reply.length, MSG_NOSIGNAL)
    if (sent === reply.length) return true
    this.#sessions.close(slot)
    return false
  }

  /** The session is over before it relayed: send the last reply, if there is one, then our end. */
  refuse(slot: number, reply: Uint8Array | undefined): void {
    const { table, fd } = this.#sessions
    table.state[slot] = State.closing
    this.#sessions.closeTarget(slot)
    if (reply && !this.reply(slot, reply)) return
    finish(fd[clientOf(slot)])
    this.#wheel.set(slot, this.#clock.now + lingerTime)
    this.onEvent(slot, 0)
  }

  /** Drop what a client still says after its refusal, a bounded amount a turn. */
  onEvent(slot: number, events: number): void {
    if (events & (EPOLLERR | EPOLLHUP)) return this.#sessions.close(slot)
    const count = recv(this.#sessions.fd[clientOf(slot)], this.#sink, this.#sink.length, 0)
    // A full sink means that the client pours in more than anybody should: its linger is over.
    if (count === this.#sink.length || (count <= 0 && count !== -errno.EAGAIN)) this.#sessions.close(slot)
    else if (count > 0) this.onEvent(slot, 0)
  }
}
