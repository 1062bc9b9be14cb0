import { connect as connectSocket, type Socket } from 'node:net'
import { ConnectionError } from './error.ts'
import type { Target } from './target.ts'
import { Wire } from './wire.ts'

export interface AttemptOptions {
  /** Milliseconds for everything up to the login. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Open a connection to `target` and do `enter` over it, within the time. Rejects with `ConnectionError`. */
export async function attempt<T>(
  target: Target,
  { timeoutMs, signal }: AttemptOptions,
  enter: (wire: Wire) => Promise<T>,
): Promise<{ wire: Wire; entered: T }> {
  if (signal?.aborted) throw givenUp(signal)
  const wire = new Wire(await open(target), target)
  const giveUp = () => wire.end(givenUp(signal))
  const expire = () => wire.end(new ConnectionError('timeout', `not logged in after ${timeoutMs} ms`))
  if (signal?.aborted) giveUp()
  signal?.addEventListener('abort', giveUp)
  const timer = setTimeout(expire, timeoutMs)
  try {
    return { wire, entered: await enter(wire) }
  } catch (error) {
    const reason = wire.end(error as ConnectionError)
    throw (await wantsTls(target, wire, reason)) ?? reason
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}

/** What an attempt rejects with that is not wanted any longer. */
export function givenUp(signal: AbortSignal | undefined): ConnectionError {
  return new ConnectionError('closed', 'given up', { cause: signal?.reason })
}

/** TLS is loaded when it is needed: it would be a good part of a short run by the Unix socket. */
async function open(target: Target): Promise<Socket> {
  if (target.kind === 'unix') return connectSocket({ path: target.path })
  if (target.kind === 'tls') return (await import('./open-tls.ts')).openTls(target)
  const { host, port } = target
  // A name's addresses of both families are tried in turn (RFC 8305).
  return connectSocket({ host, port, noDelay: true, autoSelectFamily: true })
}

/** A port with TLS hangs up on plain text without a word: ask it in its own language before this is called lost. */
async function wantsTls(target: Target, wire: Wire, { code }: ConnectionError): Promise<ConnectionError | undefined> {
  if (target.kind !== 'tcp' || wire.isGreeted || (code !== 'lost' && code !== 'not_proxyd')) return undefined
  const { speaksTls } = await import('./open-tls.ts')
  if (!(await speaksTls(target))) return undefined
  return new ConnectionError('tls_needed', `${target.host}:${target.port} speaks TLS; connect to it with TLS`)
}
