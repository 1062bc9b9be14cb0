import { type Destination, namedDestination } from '../net/destination.ts'
import type { Refusal } from '../socks/conversation.ts'
import { betweenHops, lasting, optionsOf, trimmed } from './hop-by-hop.ts'
import { latin1, type Status } from './replies.ts'
import { RequestBody } from './request-body.ts'

/** A request to a proxy (RFC 9112, section 3), of which the head is known. */
export interface Request {
  readonly destination: Destination
  /** The head that goes on to the destination; undefined of CONNECT. */
  readonly onward: Uint8Array | undefined
  /** What follows that head; undefined of CONNECT: whatever comes. */
  readonly body: RequestBody | undefined
  /** Whether it asks the destination for another protocol, in which whatever comes goes on once it has been granted. */
  readonly maySwitch: boolean
  /** Name and password of the field Proxy-Authorization; undefined if there are none that we understand. */
  readonly login: Login | undefined
  /** Whether another request may come after the reply. */
  readonly mayGoOn: boolean
}

interface Login {
  readonly username: Uint8Array
  readonly password: Uint8Array
}

/** Why a head is no request that we carry out. */
export class BadRequest extends Error {
  readonly status: Status

  readonly why: Refusal

  constructor(text: string, why: Refusal = 'malformed', code = 400, phrase = 'Bad Request') {
    super(text)
    this.name = 'BadRequest'
    this.why = why
    this.status = { code, phrase, error: 'http_request_error', text }
  }
}

type Field = readonly [name: string, value: string]

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const wantsPlace = 'this is a proxy: ask it for http://HOST/PATH, or by CONNECT for HOST:PORT'
const requestLine = new RegExp(`^(${token}) ([!-~]+) HTTP/(\\d)\\.(\\d)$`)
const fieldLine = new RegExp(`^(${token}):(.*)$`)
/**
 * Looks at the first line before the rest of the head has come. What a browser asks of a server, which any web page can have it ask of us, is
 * no more malformed than another version is, whatever comes behind it. Throws a `BadRequest`.
 */
export function checkRequestLine(line: string): void {
  const [, , target = '', major] = requestLine.exec(line) ?? []
  if (major === undefined) throw new BadRequest('this is no request of HTTP/1.1')
  if (major !== '1')
    throw new BadRequest('this proxy speaks HTTP/1.1', 'unsupported', 505, 'HTTP Version Not Supported')
  if (/^[/*]/.test(target)) throw new BadRequest(wantsPlace, 'unsupported')
}

/**
 * Reads the head of a request, without its last empty line. What a server could take for another request than we do is refused: two
 * of a field that there may be one of, lines that go on, a length beside chunks. Throws a `BadRequest`.
 */
export function readRequest(head: string): Request {
  const [line = '', ...rest] = head.split('\r\n')
  checkRequestLine(line)
  const [, method = '', target = '', , minor] = requestLine.exec(line) ?? []
  const fields = rest.map(readField)
  const length = bodyLength(fields, minor === '0')
  const options = optionsIn(fields)
  const only = { ...placeIn(method, target), login: loginIn(fields) }
  single(fields, 'host')
  const mayGoOn = minor !== '0' && !options.has('close') && length === 0 && method !== 'HEAD'
  if (method === 'CONNECT') return { ...only, onward: undefined, body: undefined, maySwitch: false, mayGoOn }
  const upgrade = upgradeIn(fields, options)
  const onward = [
    // A version of our own: a later one of the client may allow what we do not know.
    `${method} ${only.path} HTTP/1.${minor === '0' ? 0 : 1}`,
    `Host: ${only.authority}`,
    ...passedOn(fields, options),
    ...(upgrade === undefined ? ['Connection: close'] : ['Connection: close, Upgrade', `Upgrade: ${upgrade}`]),
  ]
  const maySwitch = upgrade !== undefined
  const body = new RequestBody(length, maySwitch)
  return { ...only, onward: latin1(`${onward.join('\r\n')}\r\n\r\n`), body, maySwitch, mayGoOn }
}

function readField(line: string): Field {
  const [, name, value] = fieldLine.exec(line) ?? []
  if (name === undefined || value === undefined) throw new BadRequest('a line of the head is not NAME: VALUE')
  return [name.toLowerCase(), trimmed(value)]
}

interface Place {
  readonly destination: Destination
  /** What the field Host says then, and what stands in the request line. */
  readonly authority: string
  readonly path: string
}

/** Where a request leads: HOST:PORT of CONNECT, or http://HOST[:PORT]PATH. A page in a browser cannot make one of either. */
function placeIn(method: string, target: string): Place {
  if (method === 'CONNECT') {
    const [, host = '', port = ''] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(target) ?? []
    return { destination: destinationFor(host, port), authority: target, path: '' }
  }
  const [, authority, path = ''] = /^http:\/\/([^/?#]*)([^#]*)$/i.exec(target) ?? []
  if (authority === undefined) throw new BadRequest(wantsPlace)
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority) ?? []
  const destination = destinationFor(host, port || '80')
  if (path.startsWith('/')) return { destination, authority, path }
  return { destination, authority, path: method === 'OPTIONS' && path === '' ? '*' : `/${path}` }
}

function destinationFor(host: string, digits: string): Destination {
  const [, literal] = /^\[([\da-f:.]*)\]$/i.exec(host) ?? []
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0
  const isPort = port >= 1 && port <= 65_535
  // Without brackets, nothing but a name or IPv4 has come so far.
  const destination = literal?.includes(':') === false ? undefined : namedDestination(literal ?? host, port)
  if (!isPort || !destination) throw new BadRequest('there is no such host and port')
  return destination
}

/** The one value of a field that there may be only one of. */
function single(fields: readonly Field[], name: string): string | undefined {
  const values = fields.filter(([each]) => each === name)
  if (values.length > 1) throw new BadRequest(`${name} is there more than once`)
  return values[0]?.[1]
}

/** Bytes of the body that follows; undefined: it comes in chunks. */
function bodyLength(fields: readonly Field[], isOld: boolean): number | undefined {
  const [length, coding] = [single(fields, 'content-length'), single(fields, 'transfer-encoding')]
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new BadRequest('content-length is no number of bytes')
  if (coding === undefined) return Number(length ?? 0)
  if (length !== undefined || isOld) throw new BadRequest('transfer-encoding does not go with the rest of the head')
  if (coding.toLowerCase() !== 'chunked') throw new BadRequest('transfer-encoding may only be chunked')
  return undefined
}

/** What the fields Connection say, and the one that old clients send instead, in lower case. */
function optionsIn(fields: readonly Field[]): ReadonlySet<string> {
  const lists = fields.filter(([name]) => name === 'connection' || name === 'proxy-connection')
  const options = optionsOf(lists.map(([, value]) => value))
  if (!options) throw new BadRequest('connection names too much')
  return options
}

function passedOn(fields: readonly Field[], options: ReadonlySet<string>): string[] {
  const isDropped = (name: string) => betweenHops.has(name) || (options.has(name) && !lasting.has(name))
  return fields.flatMap(([name, value]) => (name === 'host' || isDropped(name) ? [] : `${name}: ${value}`))
}

/**
 * The protocol that the client wants to go on with, if it does. What comes then is not bounded, so it is not for HTTP/2, for which what
 * we leave out would be needed as well.
 */
function upgradeIn(fields: readonly Field[], options: ReadonlySet<string>): string | undefined {
  const wished = fields.filter(([name]) => name === 'upgrade').map(([, value]) => value)
  const isHttp2 = wished.some((value) => value.toLowerCase().includes('h2c'))
  return wished.length > 0 && options.has('upgrade') && !isHttp2 ? wished.join(', ') : undefined
}

/** By Basic (RFC 7617); any other scheme is none that we understand. */
function loginIn(fields: readonly Field[]): Login | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(single(fields, 'proxy-authorization') ?? '') ?? []
  const bytes = Buffer.from(encoded ?? '', 'base64')
  const colon = bytes.indexOf(':')
  const [username, password] = [bytes.subarray(0, colon), bytes.subarray(colon + 1)]
  const isLogin = colon > 0 && username.length <= 255 && password.length >= 1 && password.length <= 255
  // Not a view of Node's common memory, for it is kept and sent to another thread.
  return isLogin ? { username: new Uint8Array(username), password: new Uint8Array(password) } : undefined
}
