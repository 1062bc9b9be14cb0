import { HttpConversation } from '../../http/http-conversation.ts'
import { challenge, refusal, type Status, tunnelStands } from '../../http/replies.ts'
import { type Conversation, Protocol, type Terms } from '../../socks/conversation.ts'
import { type Bound, encodeReply, Reply, version } from '../../socks/messages.ts'
import { granted4, rejected4, Socks4, version4 } from '../../socks/socks4.ts'
import { Reason } from '../session-table.ts'
import type { Refusal } from './refusals.ts'

/** Those that a method of HTTP may begin with: a page may have a browser use any (RFC 9110, section 5.6.2). */
const methodOctets = new Set(
  Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 'latin1'),
)
/**
 * What else a page can have a browser begin with: TLS, STUN (RFC 8489), also behind its length (RFC 4571), and the hello of TLS that some
 * send ahead of that.
 */
const browserOctets = new Set([0x16, 0x00, 0x01, 0x02, 0x80])

/** The conversation that these first bytes, which are not those of SOCKS 5, begin; undefined: none that clients may have. */
export function otherConversation([first = 0]: Uint8Array, terms: Terms): Conversation | undefined {
  const { protocols } = terms
  if (first === version4) return protocols.includes('socks4') ? new Socks4(terms) : undefined
  const isHttp = methodOctets.has(first) && protocols.includes('http')
  return isHttp ? new HttpConversation(terms) : undefined
}

/**
 * Why a client goes that begins what it may not have. What any web page can have its reader's browser say, or the settings leave out, is a
 * mistake of somebody who may have a right to be here.
 */
export function strangerReason([first = 0]: Uint8Array): Reason {
  const isMistake = first === version || first === version4 || methodOctets.has(first) || browserOctets.has(first)
  return isMistake ? Reason.unsupported : Reason.malformed
}

/** What a client is told when what it asked for stands, at this address; undefined: nothing, for its destination answers. */
export function successReply(protocol: number, bound: Bound | undefined): Uint8Array | undefined {
  if (protocol === Protocol.tunnel) return tunnelStands
  if (protocol === Protocol.request) return undefined
  return protocol === Protocol.socks4 ? granted4(bound) : encodeReply(Reply.succeeded, bound)
}

/** What a client is told that does not get what it asked for. */
export function refusalReply(protocol: number, { reply, reason }: Refusal): Uint8Array {
  if (protocol === Protocol.socks4) return rejected4
  if (protocol !== Protocol.tunnel && protocol !== Protocol.request) return encodeReply(reply)
  if (reason === Reason.denied) return challenge(false)
  const isName = reason === Reason.timedOut && reply === Reply.hostUnreachable
  return refusal(isName ? nameTimedOut : (statuses[reason] ?? ownFailure))
}

function forbidden(text: string): Status {
  return { code: 403, phrase: 'Forbidden', error: 'http_request_denied', text }
}

function badGateway(error: string, text: string): Status {
  return { code: 502, phrase: 'Bad Gateway', error, text }
}

function gatewayTimeout(error: string, text: string): Status {
  return { code: 504, phrase: 'Gateway Timeout', error, text }
}

const nameTimedOut = gatewayTimeout('dns_timeout', 'the name of the destination was not resolved in time')
const ownFailure: Status = {
  code: 503,
  phrase: 'Service Unavailable',
  error: 'proxy_internal_error',
  text: 'this proxy cannot do that now',
}
const statuses: Readonly<Partial<Record<Reason, Status>>> = {
  [Reason.forbidden]: forbidden('the rules of this proxy forbid this destination'),
  [Reason.limitUser]: forbidden('you have as many connections as you may'),
  [Reason.limitSource]: forbidden('there are as many connections from your address as there may be'),
  [Reason.sources]: forbidden('you may not use this proxy from this address'),
  [Reason.quota]: forbidden('your quota is used up'),
  [Reason.expired]: forbidden('your time with this proxy is over'),
  [Reason.notFound]: badGateway('dns_error', 'the name of the destination has no address'),
  [Reason.unreachable]: badGateway('destination_ip_unroutable', 'there is no way to the destination'),
  [Reason.refused]: badGateway('connection_refused', 'the destination refused the connection'),
  [Reason.timedOut]: gatewayTimeout('connection_timeout', 'the destination did not answer in time'),
}
