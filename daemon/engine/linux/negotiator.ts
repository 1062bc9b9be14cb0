import { sourceOf, unmapped } from '../../net/address.ts'
import { EPOLLERR, EPOLLHUP } from '../../os/epoll.ts'
import { errno, recv } from '../../os/libc.ts'
import { Negotiation, type Outcome } from '../../socks/negotiation.ts'
import type { Admission, Login } from '../engine.ts'
import { Reason, State, stateCount } from '../session-table.ts'
import type { KnownSources } from '../shared/known-sources.ts'
import type { PasswordMemory } from '../shared/password-memory.ts'
import { toMakeRoom } from '../shared/silent-clients.ts'
import type { Admitter } from './admitter.ts'
import type { LoopContext } from './context.ts'
import { clientOf, Flag, type Sessions, slotOf } from './sessions.ts'
import type { Stage } from './stage.ts'

/** What is read at once during negotiation; so much early data, at most, is kept per session. */
const readBytes = 2048

/** Carries bytes between a client and its `Negotiation`, has its login checked, and hands its request on. */
export class Negotiator implements Stage {
  readonly #loop: LoopContext
  readonly #sessions: Sessions
  readonly #passwords: PasswordMemory
  readonly #known: KnownSources
  readonly #admitter: Admitter
  /** By slot, until the request is understood. */
  readonly #negotiations = new Map<number, Negotiation>()
  /** By slot, the login that the main thread is checking. */
  readonly #logins = new Map<number, Login>()
  readonly #buffer = new Uint8Array(readBytes)

  constructor(loop: LoopContext, passwords: PasswordMemory, known: KnownSources, admitter: Admitter) {
    this.#loop = loop
    this.#sessions = loop.sessions
    this.#passwords = passwords
    this.#known = known
    this.#admitter = admitter
  }

  /** Hear a client just accepted, who has usually spoken already, and of which this much has been read. */
  begin(slot: number, said: Uint8Array): void {
    const negotiation = new Negotiation(this.#loop.policy)
    this.#negotiations.set(slot, negotiation)
    this.#sessions.setDeadline(slot, this.#loop.timeouts.negotiation)
    this.#sessions.flags[clientOf(slot)] |= Flag.readable
    if (said.length === 0 || this.#follow(slot, negotiation, negotiation.receive(said))) this.#read(slot)
  }

  onEvent(half: number, events: number): void {
    const slot = slotOf(half)
    if (events & (EPOLLERR | EPOLLHUP)) return this.#sessions.close(slot, Reason.gone)
    this.#sessions.note(half, events)
    if (this.#sessions.flags[half] & Flag.checking && this.#isGone(slot)) this.#sessions.close(slot, Reason.gone)
    else this.#read(slot)
  }

  /** A client whose login is still being checked has asked in time. */
  onDeadline(slot: number): void {
    this.#sessions.close(slot, this.#logins.has(slot) ? Reason.failed : Reason.silent)
  }

  onLogin(slot: number, admission: Admission | undefined): void {
    const login = this.#logins.get(slot)
    const negotiation = this.#negotiations.get(slot)
    if (!login || !negotiation) return
    if (admission && !this.#passwords.remember(login, admission)) return this.#ask(slot, login)
    this.#logins.delete(slot)
    this.#sessions.flags[clientOf(slot)] &= ~Flag.checking
    if (admission) this.#enter(slot, admission.user)
    else this.#sessions.table.tried(slot, login.username)
    if (this.#follow(slot, negotiation, negotiation.authenticated(admission !== undefined))) this.#read(slot)
  }

  /** There is no place for a client who waits: some of those who have not asked for anything give up theirs, if any do. */
  makeRoom(): boolean {
    const { table } = this.#sessions
    const silent = [...this.#negotiations.keys()].filter((slot) => !this.#logins.has(slot))
    const clients = silent.map((slot) => ({
      slot,
      source: sourceOf(unmapped(table.clientAddress.subarray(slot * 16, slot * 16 + 16))),
      since: table.since[slot * stateCount + State.negotiating] as number,
    }))
    const leaving = toMakeRoom(clients, this.#loop.clock.now)
    for (const { slot } of leaving) this.#sessions.close(slot, Reason.silent)
    return leaving.length > 0
  }

  forget(slot: number): void {
    this.#negotiations.delete(slot)
    this.#logins.delete(slot)
  }

  #enter(slot: number, user: number): void {
    const { table } = this.#sessions
    table.login(slot, user)
    this.#known.note(table.clientAddress, slot * 16, this.#loop.clock.now)
  }

  /** Have the main thread check a login. */
  #ask(slot: number, login: Login): void {
    const { generation, table } = this.#sessions
    this.#loop.post({ type: 'authenticate', slot, generation: generation[slot], login, serial: table.serial[slot] })
  }

  /** True if nothing will follow the login that is being checked: no request, so no use for the answer. */
  #isGone(slot: number): boolean {
    return !this.#negotiations.get(slot)?.hasInput && this.#sessions.hasLeft(slot)
  }

  /** Read as long as there is something to read and something to wait for. */
  #read(slot: number): void {
    const { fd, flags } = this.#sessions
    const client = clientOf(slot)
    const negotiation = this.#negotiations.get(slot)
    if (!negotiation) return
    while (flags[client] & Flag.readable && !(flags[client] & Flag.checking)) {
      const count = recv(fd[client], this.#buffer, readBytes, 0)
      if (count <= 0 && count !== -errno.EAGAIN) return this.#sessions.close(slot, Reason.gone)
      if (count < readBytes && this.#sessions.shortReadEmpties(client)) flags[client] &= ~Flag.readable
      if (count < 0) return
      if (!this.#follow(slot, negotiation, negotiation.receive(this.#buffer.subarray(0, count)))) return
    }
  }

  /** Send the reply and take the step; true if the client is to be read on. */
  #follow(slot: number, negotiation: Negotiation, { reply, step }: Outcome): boolean {
    const { flags, table } = this.#sessions
    if (step.kind === 'end') {
      this.forget(slot)
      if (step.isSwitchedOff) this.#loop.verdicts.refusedCommand(slot)
      this.#loop.refusals.refuse(slot, reply, Reason[step.why])
      return false
    }
    if (reply && !this.#loop.replies.send(slot, reply)) return false
    if (step.kind === 'more') return true
    if (step.kind === 'request') {
      this.forget(slot)
      this.#admitter.admit(slot, step.command, step.destination, negotiation.takeRest())
      return false
    }
    const { username, password } = step
    const user = this.#passwords.recall(username, password)
    if (user !== undefined) {
      this.#enter(slot, user)
      return this.#follow(slot, negotiation, negotiation.authenticated(true))
    }
    flags[clientOf(slot)] |= Flag.checking
    const login = { username, password, source: table.clientAddress.slice(slot * 16, slot * 16 + 16) }
    this.#logins.set(slot, login)
    this.#ask(slot, login)
    return false
  }
}
