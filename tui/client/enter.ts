import { type ErrorKind, RpcError } from '../../shared/protocol/errors.ts'
import { protocolVersion } from '../../shared/protocol/limits.ts'
import type { EventParams, Method, Params, Result, Role } from '../../shared/protocol/methods.ts'
import { roles } from '../../shared/protocol/vocabulary.ts'
import { ConnectionError, type ConnectionErrorCode } from './error.ts'
import type { Wire } from './wire.ts'

/** What a client knows once it is in. */
export interface Welcome {
  readonly instance: string
  readonly role: Role
}

/** Enter by a Unix socket: its file's mode let us in, only the role has to be asked for. Rejects with `ConnectionError`. */
export async function enterByUnixSocket(wire: Wire, name: string): Promise<Welcome> {
  const { hello, result } = await startWith(wire, name, 'session.whoami', {})
  // Nothing else tells, by this way in, whether whatever answers is a daemon.
  if (!(roles as readonly unknown[]).includes(result?.role))
    throw new ConnectionError('not_proxyd', 'what answers is not proxyd: it does not tell what we may do there')
  return { instance: hello.instance, role: result.role }
}

/** See that a daemon answers that we can talk to. Rejects with `ConnectionError`. */
export async function knock(wire: Wire, name: string): Promise<void> {
  await answered(Promise.all([greeting(wire), start(wire, name)]))
}

/** Agree on the protocol as client `name`, and send the first call along without waiting for that. Rejects with `ConnectionError`. */
export async function startWith<M extends Method>(
  wire: Wire,
  name: string,
  method: M,
  params: Params<M>,
): Promise<{ hello: EventParams<'hello'>; result: Result<M> }> {
  const [hello, , result] = await answered(Promise.all([greeting(wire), start(wire, name), wire.call(method, params)]))
  return { hello, result }
}

/** A refusal before we are in ends the attempt: turn it into a `ConnectionError`. */
export async function answered<T>(answer: Promise<T>, translate = refusal): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw error instanceof RpcError ? translate(error) : error
  }
}

const codes: Readonly<Partial<Record<ErrorKind, ConnectionErrorCode>>> = {
  auth_failed: 'password',
  rate_limited: 'rate_limited',
  unsupported_version: 'version',
  busy: 'busy',
}

/** What a refusal before we are in means. */
export function refusal({ kind, message }: RpcError): ConnectionError {
  return new ConnectionError(codes[kind] ?? 'not_proxyd', message)
}

function start(wire: Wire, name: string): Promise<unknown> {
  const protocol: [number, number] = [...protocolVersion]
  return wire.call('session.start', { protocol, client: name })
}

function greeting(wire: Wire): Promise<EventParams<'hello'>> {
  return new Promise((resolve, reject) => {
    wire.on('hello', resolve)
    wire.closed.then(reject)
  })
}
