import {
  after,
  type Conversation,
  type Editor,
  joined,
  type Limit,
  more,
  nothing,
  type Outcome,
  Protocol,
  type Refusal,
  switchedOff,
  type Terms,
} from '../socks/conversation.ts'
import { Command } from '../socks/messages.ts'
import { AnswerHead } from './answer-head.ts'
import { HeadReader } from './head-reader.ts'
import { challenge, refusal, type Status } from './replies.ts'
import { BadRequest, checkRequestLine, type Request, readRequest } from './request.ts'

const malformed: Status = {
  code: 400,
  phrase: 'Bad Request',
  error: 'http_request_error',
  text: 'the head of this request has bytes in it that it may not have',
}
const tooLong: Status = {
  code: 431,
  phrase: 'Request Header Fields Too Large',
  error: 'http_request_error',
  text: 'the head of this request is longer than 64 KiB or 512 lines',
}
const noConnect: Status = {
  code: 403,
  phrase: 'Forbidden',
  error: 'http_request_denied',
  text: 'this proxy connects nobody',
}

/**
 * A client's side of HTTP with a proxy (RFC 9110, 9112): CONNECT, or one request in absolute form, whose head goes on in origin
 * form, without what is between the client and us, and with its body and not a byte more: a client may take the connection
 * for one to the proxy, and send its next request, for another destination, the cookies of that one included.
 *
 * Where a login is required and there is none, the client may send another head on the same connection, once.
 */
export class HttpConversation implements Conversation {
  readonly #terms: Terms
  readonly #reader = new HeadReader()
  #expected: 'head' | 'login' | 'nothing' = 'head'
  #request: Request | undefined
  #isChallenged = false

  constructor(terms: Terms) {
    this.#terms = terms
  }

  get protocol(): Protocol {
    return this.#request?.onward ? Protocol.request : Protocol.tunnel
  }

  receive(chunk: Uint8Array): Outcome {
    this.#reader.add(chunk)
    return this.#expected === 'head' ? this.#head() : more
  }

  authenticated(accepted: boolean): Outcome {
    return accepted && this.#request ? this.#ask(this.#request) : this.#end(challenge(false), 'denied')
  }

  get hasInput(): boolean {
    return this.#request?.onward !== undefined || this.#reader.hasRest
  }

  get bound(): Limit | undefined {
    return this.#request?.body
  }

  get editor(): Editor | undefined {
    return this.#request?.onward && new AnswerHead(this.#request.maySwitch)
  }

  get isChallenged(): boolean {
    return this.#isChallenged
  }

  get held(): number {
    return this.#reader.held + (this.#request?.onward?.length ?? 0)
  }

  takeRest(): Uint8Array {
    const rest = this.#reader.takeRest()
    const passed = this.bound?.pass(rest) ?? rest.length
    return joined(this.#request?.onward ?? nothing, rest.subarray(0, passed))
  }

  #head(): Outcome {
    try {
      let state = this.#reader.advance()
      if (state === 'first line') {
        checkRequestLine(this.#reader.firstLine)
        state = this.#reader.advance()
      }
      if (state === 'more') return more
      if (state === 'malformed') return this.#end(refusal(malformed), 'malformed')
      if (state === 'too long') return this.#end(refusal(tooLong), 'unsupported')
      return this.#take(readRequest(this.#reader.head))
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error
      return this.#end(refusal(error.status), error.why)
    }
  }

  #take(request: Request): Outcome {
    const { login } = request
    if (!this.#terms.passwordRequired) return this.#ask(request)
    if (login) {
      this.#expected = 'login'
      this.#request = request
      return { reply: undefined, step: { kind: 'authenticate', ...login } }
    }
    if (this.#isChallenged || !request.mayGoOn) return this.#end(challenge(false), 'denied')
    this.#isChallenged = true
    this.#reader.add(this.#reader.takeRest())
    return after(challenge(true), this.#head())
  }

  #ask(request: Request): Outcome {
    if (!this.#terms.commands.includes(Command.connect)) {
      this.#expected = 'nothing'
      return switchedOff(refusal(noConnect))
    }
    this.#expected = 'nothing'
    this.#request = request
    return { reply: undefined, step: { kind: 'request', command: Command.connect, destination: request.destination } }
  }

  #end(reply: Uint8Array, why: Refusal): Outcome {
    this.#expected = 'nothing'
    return { reply, step: { kind: 'end', why } }
  }
}
