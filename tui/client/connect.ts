import { type AttemptOptions, attempt, givenUp } from './attempt.ts'
import type { Client } from './client.ts'
import { enterByUnixSocket, knock, type Welcome } from './enter.ts'
import { ConnectionError } from './error.ts'
import { streamEvents } from './event-stream.ts'
import { keepAlive } from './keep-alive.ts'
import type { OperatorLogin, Target } from './target.ts'
import type { Wire } from './wire.ts'

export interface ConnectOptions {
  /** Milliseconds for everything up to the login, the asking for a password left out; 10,000 unless told. */
  readonly timeoutMs?: number | undefined
  /** Gives up: `connect` rejects with code `closed`. Once connected, it has no more effect. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds without a byte after which the daemon is asked for a sign of life; if none comes within as many, the
   * connection ends with code `silent`. 15,000 unless told; 0 never asks.
   */
  readonly keepAliveMs?: number | undefined
  /** What the daemon shall call this program: at most 64 characters. */
  readonly name?: string | undefined
}

/**
 * Connect to a daemon and log in; of several targets to the first where something listens. Rejects with
 * `ConnectionError`, whose text names every try and whose code is that of the last.
 */
export async function connect(target: Target | readonly Target[], options: ConnectOptions = {}): Promise<Client> {
  if ('kind' in target) return connectTo(target, options)
  const tries: string[] = []
  for (const one of target) {
    try {
      return await connectTo(one, options)
    } catch (error) {
      const { code, kind, message } = error as ConnectionError
      tries.push(message)
      if (kind !== 'unreachable') throw new ConnectionError(code, tries.join('; '), { cause: error })
    }
  }
  throw new ConnectionError('unreachable', `no proxyd reached: ${tries.join('; ')}`)
}

async function connectTo(target: Target, options: ConnectOptions): Promise<Client> {
  const { timeoutMs = 10_000, keepAliveMs = 15_000, signal, name = 'proxyd/client' } = options
  const limits = { timeoutMs, signal }
  const enter = await entrance(target, name, limits)
  const { wire, entered } = await attempt(target, limits, enter)
  if (keepAliveMs > 0) keepAlive(wire, keepAliveMs)
  return clientOver(wire, entered)
}

/** How a target lets us in. Loaded when it is needed: node:crypto would be a sixth of a short run by the Unix socket. */
async function entrance(
  target: Target,
  name: string,
  limits: AttemptOptions,
): Promise<(wire: Wire) => Promise<Welcome>> {
  if (target.kind === 'unix') return (wire) => enterByUnixSocket(wire, name)
  const { enterByCookie, enterByPassword } = await import('./enter-by-scram.ts')
  if ('cookieFile' in target) return (wire) => enterByCookie(wire, name, target.cookieFile)
  const { operator, password } = target
  if (typeof password === 'string') return (wire) => enterByPassword(wire, name, operator, password)

  // A person may take longer than the daemon waits for a login: see that it is there, hang up, ask, and come back.
  const { wire } = await attempt(target, limits, (wire) => knock(wire, name))
  wire.end(new ConnectionError('closed', 'only looked'))
  const answer = await ask(password, limits.signal)
  return (wire) => enterByPassword(wire, name, operator, answer)
}

async function ask(password: Exclude<OperatorLogin['password'], string>, signal?: AbortSignal): Promise<string> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(givenUp(signal))
  signal?.addEventListener('abort', giveUp)
  try {
    return await Promise.race([password(), aborted])
  } catch (error) {
    if (error instanceof ConnectionError) throw error
    throw new ConnectionError('no_password', `no password: ${(error as Error).message}`, { cause: error })
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}

function clientOver(wire: Wire, { instance, role }: Welcome): Client {
  return {
    instance,
    role,
    closed: wire.closed,
    call: (method, params, options) => wire.call(method, params, options),
    events: (event, options) =>
      streamEvents((listener, ended) => {
        const stops = [wire.on(event, listener), wire.onEnd(ended)]
        return () => {
          for (const stop of stops) stop()
        }
      }, options),
    on: (event, listener) => wire.on(event, listener),
    close: () => void wire.end(new ConnectionError('closed', 'closed here')),
  }
}
