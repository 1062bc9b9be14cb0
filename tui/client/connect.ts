import { type AttemptOptions, attempt, givenUp } from './attempt.ts'
import type { Client } from './client.ts'
import { enterByUnixSocket, knock, type Welcome } from './enter.ts'
import { ConnectionError, type ConnectionErrorCode } from './error.ts'
import { streamEvents } from './event-stream.ts'
import { keepAlive } from './keep-alive.ts'
import { type ConnectOptions, readOptions, type SettledOptions } from './options.ts'
import type { OperatorLogin, Target } from './target.ts'
import type { Wire } from './wire.ts'

/**
 * Connect to a daemon and log in; of several targets to the first where something listens. Rejects with
 * `ConnectionError`, whose text names every try and whose code is that of the last; with `RangeError` for an option that
 * is out of range.
 */
export async function connect(target: Target | readonly Target[], options: ConnectOptions = {}): Promise<Client> {
  const settled = readOptions(options)
  if ('kind' in target) return connectTo(target, settled)
  const tries: string[] = []
  let code: ConnectionErrorCode = 'unreachable'
  for (const one of target) {
    try {
      return await connectTo(one, settled)
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      code = error.code
      tries.push(error.message)
      if (error.kind !== 'unreachable') throw new ConnectionError(code, tries.join('; '), { cause: error })
    }
  }
  throw new ConnectionError(code, `no proxyd reached: ${tries.join('; ')}`)
}

async function connectTo(target: Target, options: SettledOptions): Promise<Client> {
  const { timeoutMs, keepAliveMs, signal, name, judge } = options
  const limits = { timeoutMs, signal, judge }
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
    close: (reason = new ConnectionError('closed', 'closed here')) => void wire.end(reason),
  }
}
