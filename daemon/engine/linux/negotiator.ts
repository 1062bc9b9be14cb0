import { sourceOf, unmapped } from '../../net/address.ts'
import { EPOLLERR, EPOLLHUP } from '../../os/epoll.ts'
import { errno, lend, recv } from '../../os/libc.ts'
import type { Conversation, Outcome } from '../../socks/conversation.ts'
import { Negotiation, otherVersion } from '../../socks/negotiation.ts'
import type { Admission, Login } from '../engine.ts'
import { Reason, State, stateCount, Total } from '../session-table.ts'
import type { KnownSources } from '../shared/known-sources.ts'
import { shortHead } from '../shared/long-heads.ts'
import type { PasswordMemory } from '../shared/password-memory.ts'
import { otherConversation, refusalReply, strangerReason } from '../shared/protocols.ts'
import { refusalOf } from '../shared/refusals.ts'
import { grace, type SilentClient, toMakeRoom } from '../shared/silent-clients.ts'
import { SourceQueues } from '../shared/source-queues.ts'
import { mayNeedNoLogin, termsFor } from '../shared/trusted-sources.ts'
import type { Admitter } from './admitter.ts'
import type { LoopContext } from './context.ts'
import { clientOf, Flag, type Sessions, slotOf } from './sessions.ts'
import type { Stage } from './stage.ts'

/** What is read at once during negotiation; so much early data, at most, is kept per session. */
const readBytes = 2048

/** Silent clients who have had their time are a crowd if they have this part of a loop's places: legitimate ones hardly do. */
const crowdsPart = 1 / 4

interface SilentSession extends SilentClient {
  readonly slot: number
  readonly generation: number
}

/**
 * Carries bytes between a client and its `Conversation`, which is one of SOCKS 5 unless the first byte says otherwise, has its
 * login checked, and hands its request on.
 */
export class Negotiator implements Stage {
  readonly #loop: LoopContext
  readonly #sessions: Sessions
  readonly #passwords: PasswordMemory
  readonly #known: KnownSources
  readonly #admitter: Admitter
  /** By slot, until the request is understood. */
  readonly #negotiations: (Conversation | undefined)[] = []
  /** By slot, the login that the main thread is checking. */
  readonly #logins = new Map<number, Login>()
  /** All silent clients in the order of their age, as `makeRoom` last saw them; none if they are no crowd. */
  #crowd = new SourceQueues<SilentSession>()
  readonly #buffer = lend(readBytes)
  /** By length: the first so many bytes of it. Lengths repeat, and a view costs as much as what is done with it. */
  readonly #views: (Uint8Array | undefined)[] = []

  constructor(loop: LoopContext, passwords: PasswordMemory, known: KnownSources, admitter: Admitter) {
    this.#loop = loop
    this.#sessions = loop.sessions
    this.#passwords = passwords
    this.#known = known
    this.#admitter = admitter
  }

  /** Hear a client just accepted, who has usually spoken already, and of which this much has been read. */
  begin(slot: number, said: Uint8Array): void {
    const negotiation = new Negotiation(termsFor(this.#loop, this.#sessions.table, slot))
    this.#negotiations[slot] = negotiation
    this.#sessions.setDeadline(slot, this.#loop.timeouts.negotiation)
    this.#sessions.flags[clientOf(slot)] |= Flag.readable
    if (said.length === 0 || this.#follow(slot, negotiation, negotiation.receive(said))) this.#read(slot)
  }

  onEvent(half: number, events: number): void {
    const slot = slotOf(half)
    if (events & (EPOLLERR | EPOLLHUP)) return this.#leave(slot, Reason.gone)
    this.#sessions.note(half, events)
    if (this.#sessions.flags[half] & Flag.checking && this.#isGone(slot)) this.#sessions.close(slot, Reason.gone)
    else this.#read(slot)
  }

  /** A client whose login is still being checked has asked in time. */
  onDeadline(slot: number): void {
    if (this.#logins.has(slot)) this.#sessions.close(slot, Reason.failed)
    else this.#leave(slot, Reason.silent)
  }

  onLogin(slot: number, admission: Admission | undefined): void {
    const login = this.#logins.get(slot)
    const negotiation = this.#negotiations[slot]
    if (!login || !negotiation) return
    if (admission && !this.#passwords.remember(login, admission)) return this.#ask(slot, login)
    this.#logins.delete(slot)
    this.#sessions.flags[clientOf(slot)] &= ~Flag.checking
    if (admission) this.#enter(slot, admission.user)
    else this.#sessions.table.tried(slot, login.username)
    if (this.#follow(slot, negotiation, negotiation.authenticated(admission !== undefined))) this.#read(slot)
  }

  /**
   * There is no place for a client who waits: some of those who have not asked for anything give up theirs, if any do.
   * `share`: how many places each loop has.
   */
  makeRoom(share: number): boolean {
    const { table, generation } = this.#sessions
    const silent = [...this.#sessions.slots()].filter((slot) => this.#isSilent(slot))
    const clients = silent.map((slot) => ({
      slot,
      generation: generation[slot],
      source: sourceOf(unmapped(table.clientAddress.subarray(slot * 16, slot * 16 + 16))),
      since: table.since[slot * stateCount + State.negotiating] as number,
    }))
    const { now } = this.#loop.clock
    const leaving = toMakeRoom(clients, now)
    for (const { slot } of leaving) this.#shed(slot)
    this.#crowd = new SourceQueues()
    if (clients.filter(({ since }) => now - since >= grace).length < share * crowdsPart) return leaving.length > 0
    for (const client of clients.sort((one, other) => one.since - other.since)) this.#crowd.add(client.source, client)
    return leaving.length > 0
  }

  /** Whether a crowd of silent clients has taken the places, one of whom may have to leave for a newcomer. */
  get isCrowded(): boolean {
    let first = this.#crowd.nextToDrop
    for (; first && !this.#isSilent(first.slot, first.generation); first = this.#crowd.nextToDrop) this.#crowd.drop()
    return first !== undefined && this.#loop.clock.now - first.since >= grace
  }

  /**
   * One of the crowd leaves for a newcomer of this source. False if that would only have another source be the one with
   * most, by turns: nobody leaves then.
   */
  leaveFor(source: string): boolean {
    if (!this.isCrowded || this.#crowd.lengthOf(source) >= Math.max(1, this.#crowd.longest - 1)) return false
    const first = this.#crowd.drop() as SilentSession
    this.#shed(first.slot)
    // Until the next look the newcomer is counted as silent, under the name of whom nobody will find any more.
    this.#crowd.add(source, first)
    return true
  }

  #shed(slot: number): void {
    this.#sessions.table.totals[Total.shedSilent]++
    this.#sessions.close(slot, Reason.silent)
  }

  #isSilent(slot: number, generation = this.#sessions.generation[slot]): boolean {
    return (
      this.#sessions.isCurrent(slot, generation) && this.#negotiations[slot] !== undefined && !this.#logins.has(slot)
    )
  }

  forget(slot: number): void {
    this.#negotiations[slot] = undefined
    if (this.#logins.size > 0) this.#logins.delete(slot)
  }

  #enter(slot: number, user: number): void {
    const { table } = this.#sessions
    table.login(slot, user)
    this.#noteSource(slot)
  }

  #noteSource(slot: number): void {
    this.#known.note(this.#sessions.table.clientAddress, slot * 16, this.#loop.clock.now)
  }

  /** Have the main thread check a login. */
  #ask(slot: number, login: Login): void {
    const { generation, table } = this.#sessions
    this.#loop.post({ type: 'authenticate', slot, generation: generation[slot], login, serial: table.serial[slot] })
  }

  /** True if nothing will follow the login that is being checked: no request, so no use for the answer. */
  #isGone(slot: number): boolean {
    return !this.#negotiations[slot]?.hasInput && this.#sessions.hasLeft(slot)
  }

  /** The client asks for nothing: one that has been told to log in has been denied. */
  #leave(slot: number, reason: Reason): void {
    this.#sessions.close(slot, this.#negotiations[slot]?.isChallenged ? Reason.denied : reason)
  }

  /** Read as long as there is something to read and something to wait for. */
  #read(slot: number): void {
    const { fd, flags } = this.#sessions
    const client = clientOf(slot)
    const negotiation = this.#negotiations[slot]
    if (!negotiation) return
    while (flags[client] & Flag.readable && !(flags[client] & Flag.checking)) {
      const count = recv(fd[client], this.#buffer.at, readBytes, 0)
      if (count <= 0 && count !== -errno.EAGAIN) return this.#leave(slot, Reason.gone)
      if (count < readBytes && this.#sessions.shortReadEmpties(client)) flags[client] &= ~Flag.readable
      if (count < 0) return
      if (!this.#follow(slot, negotiation, negotiation.receive(this.#first(count)))) return
    }
  }

  #first(count: number): Uint8Array {
    this.#views[count] ??= this.#buffer.bytes.subarray(0, count)
    return this.#views[count]
  }

  /** Send the reply and take the step; true if the client is to be read on. */
  #follow(slot: number, negotiation: Conversation, outcome: Outcome): boolean {
    const { reply, step } = outcome
    const { flags, table } = this.#sessions
    if (outcome === otherVersion) return this.#hearOther(slot, negotiation.takeRest())
    table.protocol[slot] = negotiation.protocol
    if (step.kind === 'end') {
      this.forget(slot)
      if (step.isSwitchedOff) this.#loop.verdicts.refusedCommand(slot)
      this.#loop.refusals.refuse(slot, reply, Reason[step.why])
      return false
    }
    if (reply && !this.#loop.replies.send(slot, reply)) return false
    if (negotiation.held > shortHead && !this.#mayHold(slot)) return false
    if (step.kind === 'more') return true
    if (step.kind === 'request') {
      this.forget(slot)
      if (mayNeedNoLogin(this.#loop.policy)) this.#noteSource(slot)
      const rest = negotiation.takeRest()
      const { bound, editor } = negotiation
      if (bound?.isMalformed) {
        this.#sessions.reset(slot, Reason.malformed)
        return false
      }
      if (bound) this.#loop.bounds.set(slot, bound)
      if (editor) this.#loop.editors.set(slot, editor)
      this.#admitter.admit(slot, step.command, step.destination, rest)
      return false
    }
    const { username, password } = step
    const user = this.#passwords.recall(username, password)
    if (user !== undefined) {
      this.#enter(slot, user)
      return this.#follow(slot, negotiation, negotiation.authenticated(true))
    }
    flags[clientOf(slot)] |= Flag.checking
    const source = table.clientAddress.slice(slot * 16, slot * 16 + 16)
    const login = { username: username.slice(), password: password.slice(), source }
    this.#logins.set(slot, login)
    this.#ask(slot, login)
    return false
  }

  /** A client does not speak SOCKS 5: it is heard out by what it speaks, if it may. False: that has been done. */
  #hearOther(slot: number, said: Uint8Array): boolean {
    const other = otherConversation(said, termsFor(this.#loop, this.#sessions.table, slot))
    if (!other) {
      this.forget(slot)
      this.#loop.refusals.refuse(slot, undefined, strangerReason(said))
      return false
    }
    this.#negotiations[slot] = other
    if (this.#follow(slot, other, other.receive(said))) this.#read(slot)
    return false
  }

  /** Whether there is memory for the long head that a client sends; else it is refused. */
  #mayHold(slot: number): boolean {
    const { table } = this.#sessions
    const client = unmapped(table.clientAddress.subarray(slot * 16, slot * 16 + 16))
    if (this.#loop.longHeads.take(slot, client)) return true
    const refusal = refusalOf('ENOMEM')
    this.forget(slot)
    this.#loop.refusals.refuse(slot, refusalReply(table.protocol[slot] as number, refusal), refusal.reason)
    return false
  }
}
