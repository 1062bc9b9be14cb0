import { unmapped } from '../net/address.ts'
import { type Destination, destinationOf } from '../net/destination.ts'
import { AddressType, Command, encodeReply, Method, Reply, version } from './messages.ts'

/** What the session does next. */
export type Step =
  /** Wait for more bytes. */
  | { readonly kind: 'more' }
  /** Check the login and tell `Negotiation.authenticated`. */
  | { readonly kind: 'authenticate'; readonly username: Uint8Array; readonly password: Uint8Array }
  /** Do what is asked for, send the reply, then relay, beginning with `Negotiation.takeRest`. */
  | { readonly kind: 'request'; readonly command: Command; readonly destination: Destination }
  /** Deliver the reply, if there is one, and close. `isSwitchedOff`: a command was asked for that the terms leave out. */
  | { readonly kind: 'end'; readonly why: Refusal; readonly isSwitchedOff?: true }

/** `denied`: for want of a good login; `malformed`: it is not SOCKS; `unsupported`: it is, but such a thing is not done. */
export type Refusal = 'denied' | 'malformed' | 'unsupported'

/** What is asked of clients, and allowed to them. */
export interface Terms {
  readonly passwordRequired: boolean
  /** Any other one gets REP 07. */
  readonly commands: readonly Command[]
}

export interface Outcome {
  /** To be sent before anything else. Not to be written to: it may be shared. */
  readonly reply: Uint8Array | undefined
  readonly step: Step
}

const nothing = new Uint8Array(0)
const more: Outcome = { reply: undefined, step: { kind: 'more' } }
const methodChosen = {
  [Method.none]: Uint8Array.of(version, Method.none),
  [Method.password]: Uint8Array.of(version, Method.password),
  [Method.unacceptable]: Uint8Array.of(version, Method.unacceptable),
}

/** VER of the login (RFC 1929, section 2). */
const loginVersion = 1
const loginAccepted = Uint8Array.of(loginVersion, 0)
const loginRefused = Uint8Array.of(loginVersion, 1)

/**
 * A client's side of RFC 1928 and RFC 1929 up to its request, without I/O: bytes in, replies and the next step out.
 * However the bytes are split or run together, the replies and steps are the same.
 *
 * What can be refused is refused at its first wrong byte. A client that does not speak version 5 is let go without a
 * word, since no reply of ours would mean anything to it. RSV is not looked at.
 */
export class Negotiation {
  readonly #terms: Terms
  #expected: 'greeting' | 'login' | 'request' | 'nothing' = 'greeting'
  /** Bytes received and not yet understood. */
  #input: Uint8Array = nothing

  constructor(terms: Terms) {
    this.#terms = terms
  }

  /**
   * Takes the next bytes from the client; `chunk` is not needed afterwards. While a step waits for the session, bytes
   * are only kept, so bound what you pass then.
   */
  receive(chunk: Uint8Array): Outcome {
    this.#input = this.#input.length === 0 ? chunk : joined(this.#input, chunk)
    const outcome = this.#advance()
    // Not slice(): a Buffer's does not copy.
    this.#input = this.#input.length === 0 ? nothing : new Uint8Array(this.#input)
    return outcome
  }

  /** Answers the step `authenticate`. */
  authenticated(accepted: boolean): Outcome {
    if (!accepted) return this.#end(loginRefused, 'denied')
    this.#expected = 'request'
    return after(loginAccepted, this.#advance())
  }

  /** Whether the client has sent more than has been acted on. */
  get hasInput(): boolean {
    return this.#input.length > 0
  }

  /** Takes what the client sent behind its request. */
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
    if (input.length > 0 && input[0] !== version) return this.#end(undefined, 'malformed')
    if (input.length < 2) return more
    const length = 2 + input[1]
    if (input.length < length) return more

    const { passwordRequired } = this.#terms
    const wanted = passwordRequired ? Method.password : Method.none
    const found = input.indexOf(wanted, 2)
    if (found < 0 || found >= length) return this.#end(methodChosen[Method.unacceptable], 'denied')
    this.#expected = passwordRequired ? 'login' : 'request'
    this.#input = behind(input, length)
    return after(methodChosen[wanted], this.#advance())
  }

  /** VER, ULEN, UNAME, PLEN, PASSWD (RFC 1929, section 2); both lengths are from 1 to 255. */
  #login(input: Uint8Array): Outcome {
    const [ver = loginVersion, usernameLength = 1] = input
    if (ver !== loginVersion || usernameLength === 0) return this.#end(loginRefused, 'denied')
    const passwordStart = 3 + usernameLength
    const passwordLength = input[passwordStart - 1] ?? 1
    if (passwordLength === 0) return this.#end(loginRefused, 'denied')
    const length = passwordStart + passwordLength
    if (input.length < length) return more

    const login = new Uint8Array(input.subarray(0, length))
    this.#expected = 'nothing'
    this.#input = input.subarray(length)
    const username = login.subarray(2, passwordStart - 1)
    return { reply: undefined, step: { kind: 'authenticate', username, password: login.subarray(passwordStart) } }
  }

  /** VER, CMD, RSV, ATYP, DST.ADDR, DST.PORT (RFC 1928, section 4). */
  #request(input: Uint8Array): Outcome {
    if (input.length > 0 && input[0] !== version) return this.#refuse(Reply.generalFailure, 'malformed')
    const command = this.#terms.commands.find((allowed) => allowed === input[1])
    if (input.length > 1 && !command) {
      const { reply } = this.#refuse(Reply.commandNotSupported, 'unsupported')
      const isSwitchedOff = Object.values(Command).some((known) => known === input[1])
      return { reply, step: { kind: 'end', why: 'unsupported', ...(isSwitchedOff && { isSwitchedOff: true }) } }
    }
    if (input.length < 4 || !command) return more

    const type = input[3]
    const start = type === AddressType.name ? 5 : 4
    const addressLength = addressLengthOf(type, input[4])
    if (addressLength === undefined) return this.#refuse(Reply.addressTypeNotSupported, 'unsupported')
    if (addressLength === 0) return this.#refuse(Reply.generalFailure, 'malformed')
    const portStart = start + addressLength
    if (input.length < portStart + 2) return more

    const bytes = input.subarray(start, portStart)
    const port = (input[portStart] << 8) | input[portStart + 1]
    const destination = readDestination(type, bytes, port)
    if (!destination || (port === 0 && command === Command.connect))
      return this.#refuse(Reply.generalFailure, 'malformed')
    this.#expected = 'nothing'
    this.#input = behind(input, portStart + 2)
    return { reply: undefined, step: { kind: 'request', command, destination } }
  }

  #refuse(reply: Reply, why: Refusal): Outcome {
    return this.#end(encodeReply(reply), why)
  }

  #end(reply: Uint8Array | undefined, why: Refusal): Outcome {
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
 * What DST.ADDR, without a name's length octet, and DST.PORT stand for: an address of the given type or a name; undefined
 * if it is no name. `bytes` is not needed afterwards.
 */
export function readDestination(type: number, bytes: Uint8Array, port: number): Destination | undefined {
  if (type === AddressType.name) return named(bytes, port)
  return { kind: 'address', bytes: unmapped(new Uint8Array(bytes)), scope: 0, port }
}

/**
 * Only what host names are made of: a NUL, a line break or a quote would mean one thing to a rule and another to the
 * resolver, and so would a second dot at the end. Colons are for IPv6 literals alone, and no label is empty.
 */
function named(bytes: Uint8Array, port: number): Destination | undefined {
  const name = String.fromCharCode(...bytes)
  if (!/^(?!\.|.*\.\.)[\w.:-]+$/.test(name)) return undefined
  const destination = destinationOf(name, port)
  return destination.kind === 'name' && name.includes(':') ? undefined : destination
}

/** What follows the first `length` bytes. */
function behind(input: Uint8Array, length: number): Uint8Array {
  return input.length === length ? nothing : input.subarray(length)
}

function after(reply: Uint8Array, next: Outcome): Outcome {
  return { reply: next.reply ? joined(reply, next.reply) : reply, step: next.step }
}

/** A new array of both, one behind the other. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
