import { RpcError } from '../../shared/protocol/errors.ts'
import { protocolVersion } from '../../shared/protocol/limits.ts'
import type { EventParams, Method, Params, Result, Role } from '../../shared/protocol/methods.ts'
import { ConnectionError } from './client.ts'
import type { Wire } from './wire.ts'

/** What a client knows once it is in. */
export interface Welcome {
  readonly instance: string
  readonly role: Role
}

/** Enter by a Unix socket: its file's mode let us in, only the role has to be asked for. Rejects with `ConnectionError`. */
export async function enterByUnixSocket(wire: Wire): Promise<Welcome> {
  const { hello, result } = await startWith(wire, 'session.whoami', {})
  return { instance: hello.instance, role: result.role }
}

/** Agree on the protocol, and send the first call along without waiting for that. Rejects with `ConnectionError`. */
export async function startWith<M extends Method>(
  wire: Wire,
  method: M,
  params: Params<M>,
): Promise<{ hello: EventParams<'hello'>; result: Result<M> }> {
  const protocol: [number, number] = [...protocolVersion]
  const [hello, , result] = await answered(
    Promise.all([
      greeting(wire),
      wire.call('session.start', { protocol, client: 'proxy-tui' }),
      wire.call(method, params),
    ]),
  )
  return { hello, result }
}

/** A refusal before we are in ends the attempt: turn it into a `ConnectionError`. */
export async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const isLogin = error.kind === 'auth_failed' || error.kind === 'rate_limited'
    throw new ConnectionError(isLogin ? 'login' : 'protocol', error.message)
  }
}

function greeting(wire: Wire): Promise<EventParams<'hello'>> {
  return new Promise((resolve, reject) => {
    wire.on('hello', resolve)
    wire.closed.then(reject)
  })
}
