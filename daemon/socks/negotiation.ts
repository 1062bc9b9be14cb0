import { unmapped } from '../net/address.ts'
import { type Destination, namedDestinationIn } from '../net/destination.ts'
import {
  after,
  type Conversation,
  joined,
  more,
  nothing,
  type Outcome,
  Protocol,
  type Refusal,
  switchedOff,
  type Terms,
} from './conversation.ts'
import { AddressType, Command, encodeReply, Method, Reply, version } from './messages.ts'

const methodChosen = {
  [Method.none]: Uint8Array.of(version, Method.none),
  [Method.password]: Uint8Array.of(version, Method.password),
  [Method.unacceptable]: Uint8Array.of(version, Method.unacceptable),
}

/** What comes of a client who does not speak version 5: its bytes are in `takeRest`, for whom they mean something to. */
export const otherVersion: Outcome = { reply: undefined, step: { kind: 'end', why: 'malformed' } }

/** VER of the login (RFC 1929, section 2). */
const loginVersion = 1
const loginAccepted = Uint8Array.of(loginVersion, 0)
const loginRefused = Uint8Array.of(loginVersion, 1)

/**
 * A client's side of RFC 1928 and RFC 1929 up to its request. What can be refused is refused at its first wrong byte. A client
 * that does not speak version 5 is let go without a word, since no reply of ours would mean anything to it. RSV is not looked at.
 */
export class Negotiation implements Conversation {
  readonly #terms: Terms
  #expected: 'greeting' | 'login' | 'request' | 'nothing' = 'greeting'
  /** Bytes received and not yet understood. */
  #input: Uint8Array = nothing

  constructor(terms: Terms) {
    this.#terms = terms
  }

  get protocol(): Protocol {
    return Protocol.socks5
  }

  receive(chunk: Uint8Array): Outcome {
    this.#input = this.#input.length === 0 ? chunk : joined(this.#input, chunk)
    const outcome = this.#advance()
    // Not slice(): a Buffer's does not copy.
    this.#input = this.#input.length === 0 ? nothing : new Uint8Array(this.#input)
    return outcome
  }

  authenticated(accepted: boolean): Outcome {
    if (!accepted) return this.#end(loginRefused, 'denied')
    this.#expected = 'request'
    return after(loginAccepted, this.#advance())
  }

  get hasInput(): boolean {
    return this.#input.length > 0
  }

  get held(): number {
    return this.#input.length
  }

  takeRest(): Uint8Array {
    const rest = this.#input
    this.#input = nothing
    return rest
  }

  #advance(): Outcome {
    switch (this.#expected) {
      case 'greeting':
        return this.#greeting(this.#input)
      case 'login':
        return this.#login(this.#input)
      case 'request':
        return this.#request(this.#input)
      case 'nothing':
        return more
    }
  }

  /** VER, NMETHODS, METHODS (RFC 1928, section 3). */
  #greeting(input: Uint8Array): Outcome {
    if (input.length > 0 && (input[0] !== version || !this.#terms.protocols.includes('socks5'))) return otherVersion
    if (input.length < 2) return more
    const length = 2 + input[1]
    if (input.length < length) return more

    const { passwordRequired } = this.#terms
    // Some clients offer nothing but a login: it is heard where none is needed, too.
    const takesNone = !passwordRequired && isAmong(input, 2, length, Method.none)
    if (!takesNone && !isAmong(input, 2, length, Method.password))
      return this.#end(methodChosen[Method.unacceptable], 'denied')
    this.#expected = takesNone ? 'request' : 'login'
    this.#input = behind(input, length)
    return after(methodChosen[takesNone ? Method.none : Method.password], this.#advance())
  }

  /** VER, ULEN, UNAME, PLEN, PASSWD (RFC 1929, section 2); both lengths are from 1 to 255. Where no login is needed, any counts for nothing. */
  #login(input: Uint8Array): Outcome {
    const ver = input[0] ?? loginVersion
    const usernameLength = input[1] ?? 1
    if (ver !== loginVersion || usernameLength === 0) return this.#end(loginRefused, 'denied')
    const passwordStart = 3 + usernameLength
    const passwordLength = input[passwordStart - 1] ?? 1
    if (passwordLength === 0) return this.#end(loginRefused, 'denied')
    const length = passwordStart + passwordLength
    if (input.length < length) return more

    this.#input = behind(input, length)
    if (!this.#terms.passwordRequired) return this.authenticated(true)
    this.#expected = 'nothing'
    const username = input.subarray(2, passwordStart - 1)
    const password = input.subarray(passwordStart, length)
    return { reply: undefined, step: { kind: 'authenticate', username, password } }
  }

  /** VER, CMD, RSV, ATYP, DST.ADDR, DST.PORT (RFC 1928, section 4). */
  #request(input: Uint8Array): Outcome {
    if (input.length > 0 && input[0] !== version) return this.#refuse(Reply.generalFailure, 'malformed')
    const command = this.#terms.commands.find((allowed) => allowed === input[1])
    if (input.length > 1 && !command) {
      const refused = this.#refuse(Reply.commandNotSupported, 'unsupported')
      const isKnown = Object.values(Command).some((known) => known === input[1])
      return isKnown && refused.reply ? switchedOff(refused.reply) : refused
    }
    if (input.length < 4 || !command) return more

    const type = input[3]
    const start = type === AddressType.name ? 5 : 4
    const addressLength = addressLengthOf(type, input[4])
    if (addressLength === undefined) return this.#refuse(Reply.addressTypeNotSupported, 'unsupported')
    if (addressLength === 0) return this.#refuse(Reply.generalFailure, 'malformed')
    const portStart = start + addressLength
    if (input.length < portStart + 2) return more

    const port = (input[portStart] << 8) | input[portStart + 1]
    const destination = readDestination(type, input, start, portStart, port)
    if (!destination || (port === 0 && command === Command.connect))
      return this.#refuse(Reply.generalFailure, 'malformed')
    this.#expected = 'nothing'
    this.#input = behind(input, portStart + 2)
    return { reply: undefined, step: { kind: 'request', command, destination } }
  }

  #refuse(reply: Reply, why: Refusal): Outcome {
    return this.#end(encodeReply(reply), why)
  }

  #end(reply: Uint8Array, why: Refusal): Outcome {
    this.#expected = 'nothing'
    return { reply, step: { kind: 'end', why } }
  }
}

/**
 * Bytes of DST.ADDR; undefined for a type that RFC 1928, section 5 does not have. `octet` is the first one behind ATYP,
 * which counts a name's bytes; a name has at least one, so that much is known before the octet has come.
 */
export function addressLengthOf(type: number, octet = 1): number | undefined {
  if (type === AddressType.ipv4) return 4
  if (type === AddressType.ipv6) return 16
  return type === AddressType.name ? octet : undefined
}

/**
 * What DST.ADDR, without a name's length octet, from `start` to `end`, and DST.PORT stand for: an address of the given type
 * or a name; undefined if it is no name. `input` is not needed afterwards.
 */
export function readDestination(
  type: number,
  input: Uint8Array,
  start: number,
  end: number,
  port: number,
): Destination | undefined {
  if (type === AddressType.name) return namedDestinationIn(input, start, end, port)
  const bytes = new Uint8Array(end - start)
  for (let i = start; i < end; i++) bytes[i - start] = input[i]
  return { kind: 'address', bytes: unmapped(bytes), scope: 0, port }
}

function isAmong(input: Uint8Array, start: number, end: number, octet: number): boolean {
  for (let i = start; i < end; i++) if (input[i] === octet) return true
  return false
}

/** What follows the first `length` bytes. */
function behind(input: Uint8Array, length: number): Uint8Array {
  return input.length === length ? nothing : input.subarray(length)
}
