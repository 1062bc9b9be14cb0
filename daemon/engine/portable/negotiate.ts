import type { Destination } from '../../net/destination.ts'
import { Command } from '../../socks/messages.ts'
import { Negotiation, type Outcome } from '../../socks/negotiation.ts'
import type { Login, Policy } from '../engine.ts'
import { Reason } from '../session-table.ts'
import { notAllowed, refusalOf } from '../shared/refusals.ts'
import { associate } from './associate.ts'
import { bind } from './bind.ts'
import { connect } from './connect.ts'
import type { Session } from './session.ts'

/** Hears what a client wants, by the policy of this moment, and does it. */
export function negotiate(session: Session, policy: Policy): void {
  new Negotiator(session, policy).begin()
}

class Negotiator {
  readonly #session: Session
  readonly #policy: Policy
  readonly #negotiation: Negotiation
  /** A login is being checked. */
  #isChecking = false

  constructor(session: Session, policy: Policy) {
    this.#session = session
    this.#policy = policy
    this.#negotiation = new Negotiation(policy)
  }

  begin(): void {
    const { client, context } = this.#session
    client.on('data', this.#receive)
    this.#session.isSilent = true
    // A client whose login is still being checked has asked in time.
    const tooLate = () => this.#session.reset(this.#isChecking ? Reason.failed : Reason.silent)
    this.#session.setDeadline(context.timeouts.negotiation, tooLate)
    client.resume()
  }

  readonly #receive = (chunk: Buffer): void => this.#take(this.#negotiation.receive(chunk))

  #take({ reply, step }: Outcome): void {
    const { client } = this.#session
    this.#session.isSilent = step.kind === 'more'
    if (step.kind === 'end') {
      client.off('data', this.#receive)
      return this.#session.finish(reply, Reason[step.why])
    }
    if (reply) client.write(reply)
    if (step.kind === 'more') return void client.resume()
    client.pause()
    if (step.kind === 'authenticate') void this.#authenticate({ ...step, source: this.#session.row.client })
    else this.#serve(step.command, step.destination)
  }

  async #authenticate(login: Login): Promise<void> {
    const { context, row } = this.#session
    let user = context.passwords.recall(login.username, login.password)
    this.#isChecking = user === undefined
    while (user === undefined) {
      const admission = await context.authenticate(login)
      if (this.#session.isOver) return
      if (!admission) break
      if (context.passwords.remember(login, admission)) user = admission.user
    }
    this.#isChecking = false
    // Without another wait since the answer, so that no change to the user can come in between.
    if (user !== undefined) row.login(user)
    this.#take(this.#negotiation.authenticated(user !== undefined))
  }

  #serve(command: Command, destination: Destination): void {
    const { client } = this.#session
    client.off('data', this.#receive)
    const rest = this.#negotiation.takeRest()
    if (rest.length > 0) client.unshift(rest)
    this.#session.clearDeadline()
    if (!this.#session.context.rules.admit(command, destination)) return this.#refuse(command, destination)
    if (command === Command.connect) void connect(this.#session, destination)
    else if (command === Command.bind) void bind(this.#session, destination)
    else void associate(this.#session, destination, this.#policy)
  }

  #refuse(command: Command, destination: Destination): void {
    this.#session.row.requested(command, destination)
    this.#session.refuse(refusalOf(notAllowed))
  }
}
