import { onTestFinished } from 'vitest'
import { type Client, connect, type Target } from '../../tui/client/index.ts'
import type { Control } from '../control/start-control.ts'
import { longestWait } from '../helpers/patience.ts'

/** Connect and log in; the connection ends with the test at the latest. */
export async function openClient(target: Target): Promise<Client> {
  const client = await connect(target, { timeoutMs: longestWait })
  onTestFinished(() => client.close())
  return client
}

/** A server's TCP port, as one reaches it by `host`. */
export function tcpTarget({ port, cookieFile }: Control, host = '127.0.0.1'): Target & { kind: 'tcp' } {
  return { kind: 'tcp', host, port, cookieFile }
}

export function unixTarget({ server }: Control): Target {
  return { kind: 'unix', path: server.unixPath }
}
