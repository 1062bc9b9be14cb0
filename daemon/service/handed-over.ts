import { closeSync } from 'node:fs'
import { Failure } from '../failure.ts'
import { formatAddress } from '../net/address.ts'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import { HandedSockets, isFor, type NamedSocket, type SocketRole } from '../sockets/handed-sockets.ts'
import { firstSocket } from './service-manager.ts'
import { socketName } from './socket-names.ts'

/** Where the settings have the daemon listen. */
export type Wanted = readonly (readonly [role: SocketRole, endpoint: Endpoint])[]

/** What systemd hands over, sorted. */
export interface HandedOver {
  /** Undefined if it is nothing. */
  readonly handed: HandedSockets | undefined
  /** Names under which it keeps what no setting asks for any more: closed here. */
  readonly stale: ReadonlySet<string>
}

/**
 * Takes the sockets that systemd has called by these `names`. Rejects with a Failure for one that nothing is to listen on: who
 * came there would wait for good. Of those that the process before had it keep, such are closed: the settings may have changed.
 */
export async function takeSockets(names: readonly string[], wanted: Wanted): Promise<HandedOver> {
  const taken: NamedSocket[] = []
  const stale = new Set<string>()
  if (names.length === 0) return { handed: undefined, stale }
  const { adoptListening, duplicate } = await libcOrFailure()
  for (const [i, text] of names.entries()) {
    const fd = firstSocket + i
    const name = socketName(text)
    const found = adoptListening(fd)
    if (name === undefined || found === undefined) throw new Failure(1, oddSocket(text, name !== undefined))
    const at = { address: formatAddress(found.address.bytes), port: found.port }
    const ofRole = wanted.filter(([role]) => role === name.role)
    const those = name.place === undefined ? ofRole : ofRole.slice(name.place - 1, name.place)
    if (those.some(([, endpoint]) => isFor(at, endpoint))) {
      taken.push({ role: name.role, ...at, fd })
      // It goes on listening for whom this process turns away.
      if (!name.isKept) taken.push({ role: name.role, ...at, fd: duplicate(fd), isLasting: true })
    } else if (!name.isKept) throw new Failure(1, unwantedSocket(text, at, name.role))
    else {
      closeSync(fd)
      stale.add(text)
    }
  }
  return { handed: new HandedSockets(taken), stale }
}

async function libcOrFailure() {
  try {
    const [{ adoptListening }, { duplicate }] = await Promise.all([import('../os/socket.ts'), import('../os/libc.ts')])
    return { adoptListening, duplicate }
  } catch (error) {
    const mend = 'have proxyd listen by itself, without a unit for sockets'
    throw new Failure(1, `the sockets of systemd cannot be looked at (${(error as Error).message}): ${mend}`)
  }
}

function oddSocket(name: string, isKnown: boolean): string {
  const what = isKnown
    ? 'is no TCP socket that listens'
    : 'is none of socks, forward-1 and so on, control, control-tls and metrics'
  return `what systemd hands over as ${JSON.stringify(name)} ${what}: see FileDescriptorName and ListenStream of the unit for sockets`
}

const settingsOf: Readonly<Record<SocketRole, string>> = {
  socks: 'socks-addr and socks-port',
  forward: 'forward',
  control: 'control-addr and control-port',
  'control-tls': 'control-tls-addr and control-tls-port',
  metrics: 'metrics-addr',
}

function unwantedSocket(name: string, at: Endpoint, role: SocketRole): string {
  return (
    `systemd hands over ${name} on ${formatEndpoint(at)}, and the settings do not: have ${settingsOf[role]} name the same as ` +
    'ListenStream of the unit for sockets'
  )
}
