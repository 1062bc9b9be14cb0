import { connect as connectSocket, type Socket } from 'node:net'
import { ConnectionError } from './error.ts'
import { placeOf } from './explain.ts'
import { refuseForeignSocket } from './foreign-socket.ts'
import type { Judge } from './options.ts'
import type { Endpoint, Target } from './target.ts'
import { Wire } from './wire.ts'

export interface AttemptOptions {
  /** Milliseconds for everything up to the login. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly judge: Judge
}

/**
 * Milliseconds for an address of a name before the next one is tried: what is lost on the way is sent again after one second.
 * Node has a quarter of one, in which a far daemon, or a busy machine, does not answer.
 */
const longestTry = 2_000

/** Open a connection to `target` and do `enter` over it, within the time. Rejects with `ConnectionError`. */
export async function attempt<T>(
  target: Target,
  { timeoutMs, signal, judge }: AttemptOptions,
  enter: (wire: Wire) => Promise<T>,
): Promise<{ wire: Wire; entered: T }> {
  if (signal?.aborted) throw givenUp(signal)
  const socket = await opened(target, Math.min(longestTry, Math.ceil(timeoutMs / 5)))
  const wire = new Wire(socket, target, judge)
  if (target.kind === 'tcp' && !target.insecurePlaintext) {
    // Nothing is sent yet. A name is judged by where it leads.
    socket.once('connect', () => {
      if (!loopback.test(socket.remoteAddress ?? ''))
        wire.end(new ConnectionError('insecure_plaintext', plaintext(target)))
    })
  }
  const giveUp = () => wire.end(givenUp(signal))
  const expire = () => {
    const late = `not logged in after ${timeoutMs} ms`
    wire.end(
      new ConnectionError(
        'timeout',
        wire.isGreeted ? late : `${late}; ${doubtOf(target.kind === 'unix' ? target.path : placeOf(target))}`,
      ),
    )
  }
  if (signal?.aborted) giveUp()
  signal?.addEventListener('abort', giveUp)
  const timer = setTimeout(expire, timeoutMs)
  try {
    return { wire, entered: await enter(wire) }
  } catch (error) {
    const reason = wire.end(error as ConnectionError)
    throw wire.isGreeted ? reason : await meaning(reason, target)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}

/** As Node writes addresses. */
const loopback = /^(::ffff:)?127\.|^::1$/

function plaintext(target: Endpoint): string {
  return `${placeOf(target)} is on another machine, and without TLS others on the way there can read and change all that is said`
}

/** What an attempt rejects with that is not wanted any longer. */
export function givenUp(signal: AbortSignal | undefined): ConnectionError {
  return new ConnectionError('closed', 'given up', { cause: signal?.reason })
}

/** What cannot even be begun, such as port 70000, is no fault of the network. Rejects with `ConnectionError`. */
async function opened(target: Target, tryMs: number): Promise<Socket> {
  try {
    return await open(target, tryMs)
  } catch (error) {
    if (error instanceof ConnectionError) throw error
    throw new ConnectionError('invalid_target', (error as Error).message, { cause: error })
  }
}

/** TLS is loaded when it is needed: it would be a good part of a short run by the Unix socket. */
async function open(target: Target, tryMs: number): Promise<Socket> {
  if (target.kind === 'unix') {
    refuseForeignSocket(target.path)
    return connectSocket({ path: target.path })
  }
  if (target.kind === 'tls') return (await import('./open-tls.ts')).openTls(target, tryMs)
  const { host, port } = target
  // A name's addresses of both families are tried in turn (RFC 8305).
  return connectSocket({ host, port, noDelay: true, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: tryMs })
}

/** Some hang up before the greeting without saying why: find out what that means. */
async function meaning(reason: ConnectionError, target: Target): Promise<ConnectionError> {
  if (reason.code !== 'lost' && reason.code !== 'not_proxyd') return reason
  if (target.kind === 'tls' && target.cert !== undefined) {
    return new ConnectionError('tls_client_certificate', `${reason.message}; it seems not to trust our certificate`)
  }
  if (target.kind === 'unix') return withDoubt(reason, target.path)
  if (target.kind === 'tls') return withDoubt(reason, placeOf(target))
  // A port with TLS does so to plain text: ask it in its own language.
  if (!(await (await import('./open-tls.ts')).speaksTls(target))) return withDoubt(reason, placeOf(target))
  return new ConnectionError('tls_needed', `${placeOf(target)} speaks TLS; connect to it with TLS`)
}

/** A daemon that has nothing against us greets first; it may still have ended just now, so this is no certainty. */
function withDoubt(reason: ConnectionError, place: string): ConnectionError {
  if (reason.code !== 'lost') return reason
  return new ConnectionError('lost', `${reason.message}; ${doubtOf(place)}`, { cause: reason })
}

function doubtOf(place: string): string {
  return `there was no greeting: ${place} is perhaps no management ${place.includes('/') ? 'socket' : 'port'} of proxyd`
}
