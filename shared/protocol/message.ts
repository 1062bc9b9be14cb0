import { type ErrorKind, errorCodes, RpcError } from './errors.ts'
import { limits } from './limits.ts'
import type { EventName, EventParams } from './methods.ts'

/**
 * The envelope: JSON-RPC 2.0, strict profile, one object a line. What a daemon reads is judged strictly
 * (`parseRequest`), what a client reads leniently (`parseFromDaemon`): minor versions only add.
 */

export type Id = string | number

export interface Request {
  readonly id: Id
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

export type FromDaemon =
  | { readonly type: 'result'; readonly id: Id; readonly result: unknown }
  /** Without an `id` it answers no request but ends the connection. */
  | { readonly type: 'error'; readonly id: Id | null; readonly error: RpcError }
  | { readonly type: 'event'; readonly name: string; readonly params: Readonly<Record<string, unknown>> }

/** A line that is no request. The reply carries `id`, if that much could be read. */
export class BadRequest extends RpcError {
  readonly id: Id | null

  constructor(kind: 'parse_error' | 'invalid_request', message: string, id: Id | null = null) {
    super(kind, message)
    this.name = 'BadRequest'
    this.id = id
  }
}

const requestMembers = new Set(['jsonrpc', 'id', 'method', 'params'])

/** Read a line from a client. Throws `BadRequest`. */
export function parseRequest(line: string): Request {
  const { jsonrpc, id, method, params = {}, ...rest } = parseObject(line, limits.values)
  if (!isId(id)) {
    throw new BadRequest('invalid_request', `id must be a string of at most ${limits.id} characters or a safe integer`)
  }
  if (jsonrpc !== '2.0') throw new BadRequest('invalid_request', 'jsonrpc must be "2.0"', id)
  if (typeof method !== 'string') throw new BadRequest('invalid_request', 'method must be a string', id)
  if (!isObject(params)) throw new BadRequest('invalid_request', 'params must be an object', id)
  if (Object.keys(rest).length > 0) {
    throw new BadRequest('invalid_request', `a request has no members but ${[...requestMembers].join(', ')}`, id)
  }
  return { id, method, params }
}

/** Read a line from a daemon; unknown members are ignored. Throws `BadRequest` if it is neither a response nor an event. */
export function parseFromDaemon(line: string): FromDaemon {
  const { id, method, params, result, error } = parseObject(line)
  if (typeof method === 'string' && id === undefined && isObject(params)) return { type: 'event', name: method, params }
  if (isObject(error) && (id === null || isId(id))) return { type: 'error', id, error: remoteError(error) }
  if (isId(id) && result !== undefined) return { type: 'result', id, result }
  throw new BadRequest('invalid_request', 'neither a response nor an event')
}

export function requestLine(id: Id, method: string, params: object): string {
  return line({ jsonrpc: '2.0', id, method, params })
}

export function resultLine(id: Id, result: object): string {
  return line({ jsonrpc: '2.0', id, result })
}

export function errorLine(id: Id | null, error: RpcError): string {
  const { kind, message, details } = error
  return line({ jsonrpc: '2.0', id, error: { code: errorCodes[kind], message, data: { ...details, kind } } })
}

export function eventLine<E extends EventName>(name: E, params: EventParams<E>): string {
  return line({ jsonrpc: '2.0', method: name, params })
}

/** An event that many hear, each with a `seq` of their own: the rest is put into words once. */
export interface SharedEvent {
  /** Bytes, without the number. */
  readonly length: number
  line(seq: number): string
}

/** `params` must have a member. */
export function sharedEvent<E extends EventName>(name: E, params: Omit<EventParams<E>, 'seq'>): SharedEvent {
  const members = JSON.stringify(params).slice(1)
  return {
    length: Buffer.byteLength(members),
    line: (seq) => `{"jsonrpc":"2.0","method":"${name}","params":{"seq":${seq},${members}}\n`,
  }
}

/** Bytes of a reply that are no rows, at most. */
const envelope = 1024

/** As many of the first rows as fit into one line of `limit` bytes; one at least, or a list would have no end. */
export function firstThatFit<Row>(rows: readonly Row[], limit: number): Row[] {
  let left = limit - envelope
  const end = rows.findIndex((row) => {
    left -= Buffer.byteLength(JSON.stringify(row)) + 1
    return left < 0
  })
  return rows.slice(0, end < 0 ? rows.length : Math.max(end, 1))
}

/** As many of the newest rows as fit into one line of `limit` bytes, oldest first. */
export function newestThatFit<Row>(rows: readonly Row[], limit: number): Row[] {
  let left = limit - envelope
  const last = rows.findLastIndex((row) => {
    left -= Buffer.byteLength(JSON.stringify(row)) + 1
    return left < 0
  })
  return rows.slice(last + 1)
}

/** JSON escapes control characters inside strings, so the only LF is the last character. */
function line(message: object): string {
  return `${JSON.stringify(message)}\n`
}

/** A `__proto__` member becomes an own property like any other: JSON.parse defines, it does not assign. */
function parseObject(text: string, mostValues = Number.POSITIVE_INFINITY): Record<string, unknown> {
  const { depth, values } = measure(text)
  if (depth > limits.nesting) {
    throw new BadRequest('invalid_request', `at most ${limits.nesting} arrays and objects inside each other`)
  }
  if (values > mostValues) throw new BadRequest('invalid_request', `at most ${mostValues} values in one message`)
  const value = parseJson(text)
  if (!isObject(value)) throw new BadRequest('invalid_request', 'a message is one object')
  return value
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BadRequest('parse_error', 'a line must be JSON')
  }
}

/**
 * How deep a text nests, and how many values it has, to a few: counts brackets and commas outside of strings. Whether
 * they are in their places is for the parser to say.
 */
function measure(text: string): { depth: number; values: number } {
  let level = 0
  let depth = 0
  let values = 1
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (inString) {
      if (character === '\\') i++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === ',') values++
    else if (character === '[' || character === '{') {
      values++
      depth = Math.max(depth, ++level)
    } else if (character === ']' || character === '}') level--
  }
  return { depth, values }
}

/** A kind from a later version is shown by its text and treated as a fault of the daemon. */
function remoteError(error: Record<string, unknown>): RpcError {
  const { kind, ...details } = isObject(error.data) ? error.data : {}
  const message = typeof error.message === 'string' ? error.message : 'no reason given'
  return new RpcError(isErrorKind(kind) ? kind : 'internal_error', message, details)
}

function isErrorKind(kind: unknown): kind is ErrorKind {
  return typeof kind === 'string' && Object.hasOwn(errorCodes, kind)
}

function isId(id: unknown): id is Id {
  return typeof id === 'string' ? id.length <= limits.id : Number.isSafeInteger(id)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
