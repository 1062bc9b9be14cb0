import { connect as connectSocket, type Socket } from 'node:net'
import { type Client, ConnectionError, type Target } from './client.ts'
import { enterByUnixSocket, type Welcome } from './enter.ts'
import { Wire } from './wire.ts'

export interface ConnectOptions {
  /** Milliseconds for everything up to the login. */
  readonly timeoutMs: number
  /** Gives up: `connect` rejects with kind closed. */
  readonly signal?: AbortSignal | undefined
}

/** Connect to a daemon and log in. Rejects with `ConnectionError`. */
export async function connect(target: Target, { timeoutMs, signal }: ConnectOptions): Promise<Client> {
  const enter = await entrance(target)
  const wire = new Wire(open(target))
  const giveUp = () => wire.end(new ConnectionError('closed', 'given up'))
  const expire = () => wire.end(new ConnectionError('timeout', `not logged in after ${timeoutMs} ms`))
  if (signal?.aborted) giveUp()
  signal?.addEventListener('abort', giveUp)
  const timer = setTimeout(expire, timeoutMs)
  try {
    return clientOver(wire, await enter(wire))
  } catch (error) {
    throw wire.end(error as ConnectionError)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}

/** How a target lets us in. Loaded when it is needed: node:crypto would be a sixth of a short run by the Unix socket. */
async function entrance(target: Target): Promise<(wire: Wire) => Promise<Welcome>> {
  if (target.kind === 'unix') return enterByUnixSocket
  const { enterByCookie } = await import('./enter-by-cookie.ts')
  return (wire) => enterByCookie(wire, target.cookieFile)
}

function open(target: Target): Socket {
  if (target.kind === 'unix') return connectSocket({ path: target.path })
  const { host, port } = target
  // A name's addresses of both families are tried in turn (RFC 8305).
  return connectSocket({ host, port, noDelay: true, autoSelectFamily: true })
}

function clientOver(wire: Wire, { instance, role }: Welcome): Client {
  return {
    instance,
    role,
    closed: wire.closed,
    call: (method, params, options) => wire.call(method, params, options),
    on: (event, listener) => wire.on(event, listener),
    close: () => wire.end(new ConnectionError('closed', 'closed here')),
  }
}
