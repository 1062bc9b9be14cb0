import type { Destination } from '../../net/destination.ts'
import { EPOLLERR, EPOLLHUP } from '../../os/epoll.ts'
import { errno, recv } from '../../os/libc.ts'
import { Command } from '../../socks/messages.ts'
import type { Outcome } from '../../socks/negotiation.ts'
import type { Admission, Login } from '../engine.ts'
import type { PasswordMemory } from '../password-memory.ts'
import { Reason } from '../session-table.ts'
import type { Associator } from './associator.ts'
import type { Binder } from './binder.ts'
import type { Dialer } from './dialer.ts'
import type { Farewell } from './farewell.ts'
import type { LoopMail } from './mail.ts'
import { clientOf, Flag, type Sessions } from './sessions.ts'

/** What is read at once during negotiation; so much early data, at most, is kept per session. */
const readBytes = 2048

/** Carries bytes between a client and its `Negotiation`, and its steps to whom they concern. */
export class Negotiator {
  readonly #sessions: Sessions
  readonly #dialer: Dialer
  readonly #binder: Binder
  readonly #associator: Associator
  readonly #farewell: Farewell
  readonly #passwords: PasswordMemory
  readonly #post: (mail: LoopMail) => void
  readonly #buffer = new Uint8Array(readBytes)

  constructor(
    parts: {
      sessions: Sessions
      dialer: Dialer
      binder: Binder
      associator: Associator
      farewell: Farewell
      passwords: PasswordMemory
    },
    post: (mail: LoopMail) => void,
  ) {
    this.#sessions = parts.sessions
    this.#dialer = parts.dialer
    this.#binder = parts.binder
    this.#associator = parts.associator
    this.#farewell = parts.farewell
    this.#passwords = parts.passwords
    this.#post = post
  }

  /** Hear a client just accepted, who has usually spoken already. */
  begin(slot: number): void {
    this.#sessions.flags[clientOf(slot)] |= Flag.readable
    this.#read(slot)
  }

  onEvent(slot: number, events: number): void {
    const { flags } = this.#sessions
    const client = clientOf(slot)
    if (events & (EPOLLERR | EPOLLHUP)) return this.#sessions.close(slot, Reason.gone)
    this.#sessions.note(client, events)
    if (flags[client] & Flag.checking && this.#isGone(slot)) this.#sessions.close(slot, Reason.gone)
    else this.#read(slot)
  }

  /** The control plane has checked the login; undefined means that it is wrong. */
  authenticated(slot: number, admission: Admission | undefined): void {
    const { logins, negotiations } = this.#sessions
    const login = logins.get(slot)
    const negotiation = negotiations.get(slot)
    if (!login || !negotiation) return
    if (admission && !this.#passwords.remember(login, admission)) return this.#ask(slot, login)
    logins.delete(slot)
    this.#sessions.flags[clientOf(slot)] &= ~Flag.checking
    if (admission) this.#sessions.table.login(slot, admission.user)
    if (this.#follow(slot, negotiation.authenticated(admission !== undefined))) this.#read(slot)
  }

  /** Have the control plane check a login. */
  #ask(slot: number, login: Login): void {
    this.#post({ type: 'authenticate', slot, generation: this.#sessions.generation[slot], login })
  }

  /** True if nothing will follow the login that is being checked: no request, so no use for the answer. */
  #isGone(slot: number): boolean {
    return !this.#sessions.negotiations.get(slot)?.hasInput && this.#sessions.hasLeft(slot)
  }

  /** Read as long as there is something to read and something to wait for. */
  #read(slot: number): void {
    const { fd, flags, negotiations } = this.#sessions
    const client = clientOf(slot)
    for (;;) {
      const negotiation = negotiations.get(slot)
      if (!negotiation || !(flags[client] & Flag.readable) || flags[client] & Flag.checking) return
      const count = recv(fd[client], this.#buffer, readBytes, 0)
      if (count <= 0 && count !== -errno.EAGAIN) return this.#sessions.close(slot, Reason.gone)
      if (count < readBytes && this.#sessions.shortReadEmpties(client)) flags[client] &= ~Flag.readable
      if (count < 0) return
      if (!this.#follow(slot, negotiation.receive(this.#buffer.subarray(0, count)))) return
    }
  }

  /** Send the reply and take the step; true if the client is to be read on. */
  #follow(slot: number, outcome: Outcome): boolean {
    const { negotiations, logins, flags, table } = this.#sessions
    const { reply, step } = outcome
    if (step.kind === 'end') {
      negotiations.delete(slot)
      this.#farewell.refuse(slot, reply, Reason[step.why])
      return false
    }
    if (reply && !this.#farewell.reply(slot, reply)) return false
    if (step.kind === 'more') return true
    const negotiation = negotiations.get(slot)
    if (!negotiation) return false

    if (step.kind === 'request') {
      negotiations.delete(slot)
      table.command[slot] = step.command
      this.#request(slot, step.command, step.destination, negotiation.takeRest())
      return false
    }
    const { username, password } = step
    const user = this.#passwords.recall(username, password)
    if (user !== undefined) {
      table.login(slot, user)
      return this.#follow(slot, negotiation.authenticated(true))
    }
    flags[clientOf(slot)] |= Flag.checking
    const login = { username, password, source: table.clientAddress.slice(slot * 16, slot * 16 + 16) }
    logins.set(slot, login)
    this.#ask(slot, login)
    return false
  }

  #request(slot: number, command: Command, destination: Destination, rest: Uint8Array): void {
    if (command === Command.connect) return this.#dialer.begin(slot, destination, rest)
    if (command === Command.bind) return this.#binder.begin(slot, destination, rest)
    this.#associator.begin(slot, destination)
  }
}
