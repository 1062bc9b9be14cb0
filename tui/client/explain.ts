import { getSystemErrorMessage } from 'node:util'
import { ConnectionError, type ConnectionErrorCode } from './error.ts'
import type { Endpoint, Target } from './target.ts'

/** What to do when only the daemon's user may pass. */
export const asOwner = 'run this as the user that runs proxyd, or as root'

/** `host:port`, an IPv6 address in brackets. */
export function placeOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** How far a connection had come. */
export type Stage = 'connecting' | 'connected' | 'greeted'

/** What a person can do about a certificate, by the names that Node has for its faults. */
const certificateFaults: Readonly<Record<string, readonly [ConnectionErrorCode, string]>> = {
  CERT_HAS_EXPIRED: ['tls_expired', 'has expired; the daemon needs a new one'],
  CERT_NOT_YET_VALID: ['tls_expired', 'is not valid yet; are the clocks right?'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['tls_untrusted', 'is self-signed; give it as ca if it is the right one'],
  SELF_SIGNED_CERT_IN_CHAIN: ['tls_untrusted', 'is signed by an authority that is not trusted; give that as ca'],
  UNABLE_TO_GET_ISSUER_CERT: ['tls_untrusted', 'is signed by an authority that is not known; give that as ca'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['tls_untrusted', 'is signed by an authority that is not known; give that as ca'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['tls_untrusted', 'is signed by an authority that is not known; give that as ca'],
}

/** What OpenSSL says when plain text comes where TLS should. */
const noTls = /wrong version number|packet length too long|record layer failure/
/** A TLS alert (RFC 8446, section 6.2) about a certificate can only be about ours. */
const certificateAlert = /alert (certificate|bad certificate|unsupported certificate|unknown ca)/

const noWay = (place: string) => `no way leads to ${place}`
const absent = (place: string) => `there is no socket ${place}`

/** Why a connection does not come about, by the errno name. */
const notReached: Readonly<Record<string, (place: string, host: string) => string>> = {
  ENOENT: absent,
  ENOTDIR: absent,
  ELOOP: (place) => `the path ${place} leads round in a circle`,
  // The kernel says so, too, of a file that is no socket.
  ECONNREFUSED: (place) => `nobody listens at ${place}`,
  ENOTSOCK: (place) => `${place} is no socket`,
  EPROTOTYPE: (place) => `${place} is a socket of another kind`,
  EAGAIN: (place) => `whoever listens at ${place} takes no more connections just now`,
  EACCES: (place) => `this user may not connect to ${place}`,
  EPERM: (place) => `this machine lets nobody connect to ${place}; is it a firewall?`,
  ETIMEDOUT: (place) => `${place} does not answer`,
  EHOSTUNREACH: noWay,
  EHOSTDOWN: noWay,
  ENETUNREACH: noWay,
  ENETDOWN: noWay,
  EADDRNOTAVAIL: noWay,
  ENOTFOUND: (_, host) => `there is no machine of the name ${host}`,
  EAI_AGAIN: (_, host) => `nobody tells just now what address ${host} has`,
  ECONNRESET: (place) => `${place} hung up at once`,
  EMFILE: () => 'this process has too many files open',
  ENFILE: () => 'this machine has too many files open',
}

/** The same of a connection that stood. */
const ended: Readonly<Record<string, (place: string) => string>> = {
  ECONNRESET: (place) => `${place} has cut the connection`,
  EPIPE: (place) => `${place} has closed the connection`,
  ECONNABORTED: () => 'this machine has cut the connection',
  ETIMEDOUT: (place) => `${place} does not answer any more`,
  EHOSTUNREACH: (place) => `no way leads to ${place} any more`,
  ENETUNREACH: (place) => `no way leads to ${place} any more`,
  ENETDOWN: (place) => `no way leads to ${place} any more`,
}

/** What is wrong at a place, in words for people. */
function wordsFor(
  { code = '', errno, message }: NodeJS.ErrnoException,
  stage: Stage,
  place: string,
  host: string,
): string {
  const words = (stage === 'connecting' ? notReached : ended)[code]
  if (words) return words(place, host)
  return errno === undefined ? message : `${place}: ${getSystemErrorMessage(errno)}`
}

/** Put what a socket reports into words and a code. */
export function explain(error: NodeJS.ErrnoException, target: Target, stage: Stage): ConnectionError {
  const text = textOf(error, target, stage)
  const failure = (code: ConnectionErrorCode, message: string) => new ConnectionError(code, message, { cause: error })
  // The kernel says so of a path of more than 107 bytes, the resolver of a name of more than 255.
  if (error.code === 'EINVAL' && (target.kind === 'unix' || error.syscall === 'getaddrinfo')) {
    const fault = target.kind === 'unix' ? `path of the socket, ${target.path},` : `name ${target.host}`
    return failure('invalid_target', `the ${fault} is too long`)
  }
  if (target.kind === 'unix') {
    // To be kept out by its mode, or its folder's, is not to be let in.
    if (error.code === 'EACCES') return failure('permission', `${text}; ${asOwner}`)
  } else if (target.kind === 'tls' && stage === 'connected') {
    return failure(...explainTls(error, text, placeOf(target), target.servername ?? target.host))
  }
  return failure(stage === 'connecting' ? 'unreachable' : 'lost', text)
}

function textOf(error: NodeJS.ErrnoException, target: Target, stage: Stage): string {
  if (target.kind === 'unix') return wordsFor(error, stage, target.path, '')
  // A name with several addresses fails once for each of them.
  const causes = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [error]
  const isOne = new Set(causes.map(({ code }) => code)).size === 1
  const texts = causes.map((cause) => {
    const { address, port } = cause as Partial<Tried>
    const isTold = !isOne && address !== undefined && port !== undefined
    return wordsFor(cause, stage, placeOf(isTold ? { host: address, port } : target), target.host)
  })
  return [...new Set(texts)].join(', ')
}

/** What Node tells of an address that it has tried. */
interface Tried {
  readonly address: string
  readonly port: number
}

function explainTls(
  error: NodeJS.ErrnoException,
  text: string,
  place: string,
  name: string,
): [ConnectionErrorCode, string] {
  const { code = '', message } = error
  const known = certificateFaults[code]
  if (known) return [known[0], `the certificate of ${place} ${known[1]}`]
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return ['tls_wrong_name', `the certificate of ${place} is not for ${name}; connect by a name that it is for`]
  }
  // OpenSSL's errors come as one line with file names in it.
  const fault = /:SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message
  if (noTls.test(fault))
    return ['tls_missing', `${place} does not speak TLS; connect without, or to the daemon's TLS port`]
  if (certificateAlert.test(fault)) {
    return [
      'tls_client_certificate',
      `the daemon at ${place} wants a certificate of ours that it trusts; give cert and key`,
    ]
  }
  if (code in ended) return ['lost', text]
  return ['tls_failed', `TLS with ${place} failed: ${fault}`]
}
