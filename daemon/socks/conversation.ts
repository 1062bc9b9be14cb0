import type { Destination } from '../net/destination.ts'
import type { Command } from './messages.ts'

/** What a client speaks; `tunnel` and `request` are HTTP: by CONNECT, and one request that is passed on. 0: not known yet. */
export const Protocol = { socks5: 1, socks4: 2, tunnel: 3, request: 4 } as const
export type Protocol = (typeof Protocol)[keyof typeof Protocol]

/** What clients may speak at the one port, beside one another, in the words of the setting `protocols`. */
export const protocolNames = ['socks5', 'socks4', 'http'] as const
export type ProtocolName = (typeof protocolNames)[number]

/** What the session does next. */
export type Step =
  /** Wait for more bytes. */
  | { readonly kind: 'more' }
  /**
   * Check the login, of 1 to 255 bytes each, and tell `Conversation.authenticated`. They may be the chunk's: who keeps them
   * copies them.
   */
  | { readonly kind: 'authenticate'; readonly username: Uint8Array; readonly password: Uint8Array }
  /** Do what is asked for, send the reply, then relay, beginning with `Conversation.takeRest`. */
  | { readonly kind: 'request'; readonly command: Command; readonly destination: Destination }
  /** Deliver the reply, if there is one, and close. `isSwitchedOff`: a command was asked for that the terms leave out. */
  | { readonly kind: 'end'; readonly why: Refusal; readonly isSwitchedOff?: true }

/** `denied`: for want of a good login; `malformed`: it is not of the protocol; `unsupported`: it is, but such a thing is not done. */
export type Refusal = 'denied' | 'malformed' | 'unsupported'

/** What is asked of clients, and allowed to them. */
export interface Terms {
  readonly passwordRequired: boolean
  /** Whoever speaks anything else is let go without a word. */
  readonly protocols: readonly ProtocolName[]
  /** Any other one is refused. */
  readonly commands: readonly Command[]
}

export interface Outcome {
  /** To be sent before anything else. Not to be written to: it may be shared. */
  readonly reply: Uint8Array | undefined
  readonly step: Step
}

/** What bounds what goes on to a destination that is asked for one thing only. */
export interface Limit {
  /** How many bytes may come at most. */
  readonly left: number
  /** Whether bytes that nobody has looked at can be told, too, with `count`. */
  readonly isCounted: boolean
  /** Takes so many bytes, no more than are left. */
  count(bytes: number): void
  /** How many of these bytes, from the first, may go on. */
  pass(bytes: Uint8Array): number
  /** Whether something has come that may stand neither among them nor behind them. */
  readonly isMalformed: boolean
  /** So many bytes that may go on will be passed to `pass` once more, before those that follow. */
  expectAgain(count: number): void
  /** Whether these bytes, which may not go on, are meant for nobody: they are left out, and the session goes on. */
  ignores(bytes: Uint8Array): boolean
}

/** What changes the beginning of what a destination says. */
export interface Editor {
  /** Takes what it says next, and returns what goes on now, a copy. */
  edit(bytes: Uint8Array): Uint8Array
  /** Nothing more is waited for: returns what was kept, and is over. */
  end(): Uint8Array
  /** Whether all that still comes goes on as it is. */
  readonly isOver: boolean
  /** Whether both sides go on in another protocol, in which nothing bounds what the client says. */
  readonly hasSwitched: boolean
  /** Bytes of memory that what it keeps takes. */
  readonly held: number
}

/**
 * A client's side of a protocol up to its request, without I/O: bytes in, replies and the next step out. However the bytes are
 * split or run together, the replies and steps are the same.
 */
export interface Conversation {
  readonly protocol: Protocol
  /**
   * Takes the next bytes from the client; `chunk` is not needed afterwards. While a step waits for the session, bytes
   * are only kept, so bound what you pass then.
   */
  receive(chunk: Uint8Array): Outcome
  /** Answers the step `authenticate`. */
  authenticated(accepted: boolean): Outcome
  /** Whether the client has sent more than has been acted on. */
  readonly hasInput: boolean
  /** Whether the client has been told to log in, and may still do so. */
  readonly isChallenged?: boolean
  /** Bytes of memory that what the client has sent takes. */
  readonly held: number
  /** How much more of what the client sends goes on, behind `takeRest`; undefined: all of it. */
  readonly bound?: Limit | undefined
  /** A new one for what the destination says; undefined: it goes on as it is. */
  readonly editor?: Editor | undefined
  /** Takes what is to be sent on first: what the client sent behind its request, and of HTTP, perhaps, the request itself. */
  takeRest(): Uint8Array
}

export const nothing = new Uint8Array(0)
export const more: Outcome = { reply: undefined, step: { kind: 'more' } }

export function after(reply: Uint8Array, next: Outcome): Outcome {
  return { reply: next.reply ? joined(reply, next.reply) : reply, step: next.step }
}

/** A new array of both, one behind the other. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** A command is asked for that these terms leave out. */
export function switchedOff(reply: Uint8Array): Outcome {
  return { reply, step: { kind: 'end', why: 'unsupported', isSwitchedOff: true } }
}
