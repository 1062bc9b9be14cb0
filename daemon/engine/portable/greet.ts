import { unmapped } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import type { Conversation, Outcome } from '../../socks/conversation.ts'
import type { Command } from '../../socks/messages.ts'
import { Negotiation, otherVersion } from '../../socks/negotiation.ts'
import type { Login } from '../engine.ts'
import { Reason } from '../session-table.ts'
import { shortHead } from '../shared/long-heads.ts'
import { otherConversation, strangerReason } from '../shared/protocols.ts'
import { refusalOf } from '../shared/refusals.ts'
import { mayNeedNoLogin } from '../shared/trusted-sources.ts'
import type { Session } from './session.ts'

/** What a client asks for (RFC 1928, section 4). */
export interface Request {
  readonly command: Command
  readonly destination: Destination
}

/**
 * Greets a client, has it log in if it must, and hears what it wants, by the policy of each moment. Resolves to undefined
 * if the session is over before that is known.
 */
export function greet(session: Session): Promise<Request | undefined> {
  return new Promise((resolve) => {
    void session.ended.then(() => resolve(undefined))
    new Greeter(session, resolve).begin()
  })
}

class Greeter {
  readonly #session: Session
  /** Of SOCKS 5, unless the first byte says otherwise. */
  #negotiation: Conversation
  readonly #asked: (request: Request) => void
  /** A login is being checked. */
  #isChecking = false

  constructor(session: Session, asked: (request: Request) => void) {
    this.#session = session
    this.#asked = asked
    this.#negotiation = new Negotiation(session.row.termsBy(session.context))
  }

  begin(): void {
    const { client, context } = this.#session
    client.on('data', this.#receive)
    this.#session.isSilent = true
    // A client whose login is still being checked has asked in time.
    const patient = () => (this.#session.isChallenged ? Reason.denied : Reason.silent)
    const tooLate = () => this.#session.reset(this.#isChecking ? Reason.failed : patient())
    this.#session.setDeadline(context.timeouts.negotiation, tooLate)
    client.resume()
  }

  readonly #receive = (chunk: Buffer): void => this.#take(this.#negotiation.receive(chunk))

  #take(outcome: Outcome): void {
    if (outcome === otherVersion) return this.#hearOther()
    const { reply, step } = outcome
    const { client, row } = this.#session
    row.protocol = this.#negotiation.protocol
    this.#session.isSilent = step.kind === 'more'
    this.#session.isChallenged = step.kind === 'more' && this.#negotiation.isChallenged === true
    if (step.kind === 'end') {
      client.off('data', this.#receive)
      if (step.isSwitchedOff) this.#session.context.verdicts.refusedCommand(this.#session.row.slot)
      return this.#session.finish(reply, Reason[step.why])
    }
    if (reply) client.write(reply)
    if (this.#negotiation.held > shortHead && !this.#session.context.longHeads.take(row.slot, unmapped(row.client))) {
      client.off('data', this.#receive)
      return this.#session.refuse(refusalOf('ENOMEM'))
    }
    if (step.kind === 'more') return void client.resume()
    client.pause()
    if (step.kind === 'authenticate') void this.#authenticate({ ...step, source: this.#session.row.client })
    else this.#finish(step)
  }

  /** The client does not speak SOCKS 5: it is heard out by what it speaks, if it may. */
  #hearOther(): void {
    const { client, context, row } = this.#session
    const said = this.#negotiation.takeRest()
    const other = otherConversation(said, row.termsBy(context))
    if (other) {
      this.#negotiation = other
      return this.#take(other.receive(said))
    }
    client.off('data', this.#receive)
    this.#session.finish(undefined, strangerReason(said))
  }

  async #authenticate(login: Login): Promise<void> {
    const { context, row } = this.#session
    let user = context.passwords.recall(login.username, login.password)
    this.#isChecking = user === undefined
    while (user === undefined) {
      const admission = await context.authenticate(login, () => !this.#session.isOver)
      if (this.#session.isOver) return
      if (!admission) break
      if (context.passwords.remember(login, admission)) user = admission.user
    }
    this.#isChecking = false
    // Without another wait since the answer, so that no change to the user can come in between.
    if (user === undefined) row.tried(login.username)
    else {
      row.login(user)
      this.#noteSource()
    }
    this.#take(this.#negotiation.authenticated(user !== undefined))
  }

  #noteSource(): void {
    const { context, row } = this.#session
    context.known.note(row.client, 0, performance.now())
  }

  /** What the client has sent behind its request is kept for whoever it is to go to. */
  #finish(request: Request): void {
    const { client, context } = this.#session
    if (mayNeedNoLogin(context.policy)) this.#noteSource()
    client.off('data', this.#receive)
    const rest = this.#negotiation.takeRest()
    this.#session.bound = this.#negotiation.bound
    if (this.#session.bound?.isMalformed) return this.#session.reset(Reason.malformed)
    this.#session.editor = this.#negotiation.editor
    // Whoever relays hears it again.
    this.#session.bound?.expectAgain(rest.length)
    if (rest.length > 0) client.unshift(rest)
    context.paused.add(client)
    this.#session.clearDeadline()
    this.#asked(request)
  }
}
