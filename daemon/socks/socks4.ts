import { type Destination, namedDestinationIn } from '../net/destination.ts'
import {
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
import { type Bound, Command } from './messages.ts'

/** SOCKS 4 (Koblas and Koblas, 1992) and 4A, which sends names: https://www.openssh.com/txt/socks4a.protocol */

/** VN of a request; that of a reply is 0. */
export const version4 = 4

/** CD of a reply. 92 and 93 tell of an identd on the client's machine, which nobody asks here. */
const granted = 90
const rejected = 91

/** Bytes of VN, CD, DSTPORT and DSTIP. */
const fixedLength = 8
/** Of USERID and of a name, without the NUL. */
const longestText = 255

/** The reply to a request that stands; an IPv6 address, for which there is no place, is told as 0.0.0.0. */
export function granted4(bound: Bound | undefined): Uint8Array {
  const { bytes = nothing, port = 0 } = bound ?? {}
  const address = bytes.length === 4 ? bytes : new Uint8Array(4)
  return Uint8Array.of(0, granted, port >> 8, port, ...address)
}

/** The reply to any other request. */
export const rejected4 = Uint8Array.of(0, rejected, 0, 0, 0, 0, 0, 0)

/** A client's side of SOCKS 4 and 4A. It has no password, so where one is required it is refused; USERID means nothing. */
export class Socks4 implements Conversation {
  readonly #terms: Terms
  #isOver = false
  #input: Uint8Array = nothing

  constructor(terms: Terms) {
    this.#terms = terms
  }

  get protocol(): Protocol {
    return Protocol.socks4
  }

  receive(chunk: Uint8Array): Outcome {
    // A copy: the chunk is another's afterwards.
    this.#input = joined(this.#input, chunk)
    return this.#isOver ? more : this.#request(this.#input)
  }

  /** It never asks for that. */
  authenticated(): Outcome {
    return more
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

  /** VN, CD, DSTPORT, DSTIP, USERID, NUL, and of 4A a name, NUL. */
  #request(input: Uint8Array): Outcome {
    const code = input[1]
    const command = [Command.connect, Command.bind].find((known) => known === code)
    if (code !== undefined && !command) return this.#refuse('unsupported')
    const userEnd = textEnd(input, fixedLength)
    if (userEnd === 'too long') return this.#refuse('malformed')
    if (userEnd === undefined || !command) return more
    const [port, address] = [(input[2] << 8) | input[3], input.slice(4, fixedLength)]
    const isNamed = address[0] === 0 && address[1] === 0 && address[2] === 0 && address[3] !== 0
    const end = isNamed ? textEnd(input, userEnd) : userEnd
    if (end === 'too long') return this.#refuse('malformed')
    if (end === undefined) return more
    if (this.#terms.passwordRequired) return this.#refuse('denied')
    if (!this.#terms.commands.includes(command)) {
      this.#isOver = true
      return switchedOff(rejected4)
    }
    const destination: Destination | undefined = isNamed
      ? namedDestinationIn(input, userEnd, end - 1, port)
      : { kind: 'address', bytes: address, scope: 0, port }
    if (!destination || (port === 0 && command === Command.connect)) return this.#refuse('malformed')
    this.#isOver = true
    this.#input = input.slice(end)
    return { reply: undefined, step: { kind: 'request', command, destination } }
  }

  #refuse(why: Refusal): Outcome {
    this.#isOver = true
    return { reply: rejected4, step: { kind: 'end', why } }
  }
}

/** Where what follows a text and its NUL begins; undefined if the NUL has not come yet. */
function textEnd(input: Uint8Array, start: number): number | 'too long' | undefined {
  const length = input.subarray(start, start + longestText + 1).indexOf(0)
  if (length >= 0) return start + length + 1
  return input.length > start + longestText ? 'too long' : undefined
}
