import type { Destination } from '../../daemon/net/destination.ts'
import { type Conversation, protocolNames, type Step, type Terms } from '../../daemon/socks/conversation.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { Negotiation } from '../../daemon/socks/negotiation.ts'

/** What came of a negotiation, in a form that tests can write down. */
export interface Result {
  /** All replies, in hexadecimal. */
  readonly replies: string
  /** `more`, why it ends, or where to connect; BIND and UDP ASSOCIATE say so first. */
  readonly step: string
  /** What follows the request, in hexadecimal; empty before it. */
  readonly rest: string
}

/** What comes before the place in a step. */
const verbs = { [Command.connect]: '', [Command.bind]: 'bind ', [Command.udpAssociate]: 'associate ' }

/** The one login that is good here. */
const goodLogin = { username: 'alice', password: 'secret' }

/** Feeds chunks to a negotiation until it connects or ends, answering logins. Each chunk is wiped once it was received. */
export function negotiate(
  chunks: readonly Uint8Array[],
  passwordRequired: boolean,
  commands: readonly Command[] = [Command.connect],
  begin: (terms: Terms) => Conversation = (terms) => new Negotiation(terms),
): Result {
  const negotiation = begin({ passwordRequired, commands, protocols: protocolNames })
  const replies: Uint8Array[] = []
  let step: Step = { kind: 'more' }
  for (const chunk of chunks) {
    const passing = Buffer.from(chunk)
    let outcome = negotiation.receive(passing)
    if (outcome.reply) replies.push(outcome.reply)
    if (outcome.step.kind === 'authenticate') {
      const username = Buffer.from(outcome.step.username).toString('latin1')
      const password = Buffer.from(outcome.step.password).toString('latin1')
      passing.fill(0xee)
      outcome = negotiation.authenticated(username === goodLogin.username && password === goodLogin.password)
      if (outcome.reply) replies.push(outcome.reply)
    }
    passing.fill(0xee)
    // A session that has its request, or an end, needs no further step.
    if (step.kind === 'more') step = outcome.step
  }
  const rest = step.kind === 'request' ? Buffer.from(negotiation.takeRest()).toString('hex') : ''
  return { replies: Buffer.concat(replies).toString('hex'), step: describe(step), rest }
}

function describe(step: Step): string {
  if (step.kind === 'request') return `${verbs[step.command]}${place(step.destination)}`
  return step.kind === 'end' ? step.why : step.kind
}

function place(destination: Destination): string {
  if (destination.kind === 'name') return `name ${destination.name} ${destination.port}`
  return `${Buffer.from(destination.bytes).toString('hex')} ${destination.port}`
}
