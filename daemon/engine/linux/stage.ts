import type { Address } from '../../net/address.ts'
import type { Admission } from '../engine.ts'

/**
 * A part of a session's way, which has the session from the moment that it puts it into one of its states until it hands
 * it on. `Dispatch` leads to it whatever happens to the session meanwhile.
 */
export interface Stage {
  /** One of the session's two sockets is ready for something (epoll(7)). */
  onEvent(half: number, events: number): void
  /** A socket that the session has beside those two is ready for something: only of stages that open such. */
  onExtra?(slot: number, fd: number, events: number): void
  /** The time has come for which `Sessions.setDeadline` was called last. */
  onDeadline(slot: number): void
  /** The main thread has the addresses of a name that was asked for; undefined if too many wait for theirs. */
  onName?(slot: number, name: string, addresses: readonly Address[] | undefined): void
  /** The main thread has checked a login; undefined if it is wrong. */
  onLogin?(slot: number, admission: Admission | undefined): void
  /** The rules have changed, and the session may go on. */
  onRules?(slot: number): void
  /** The session is over while this stage has it: what the stage keeps of it goes. */
  forget?(slot: number): void
}
