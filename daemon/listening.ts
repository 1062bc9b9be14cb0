import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Settings } from '../shared/settings.ts'
import { errnoOf, Failure } from './failure.ts'
import { formatAddress, isSame, isUnspecified, parseAddress } from './net/address.ts'
import { type Endpoint, formatEndpoint } from './net/endpoint.ts'
import { hasCapability } from './os/capabilities.ts'
import { firstFreelyTakenPort } from './os/system-limits.ts'
import type { Configuration } from './settings/configuration.ts'
import { forwardsOf } from './settings/forwards.ts'
import { metricsEndpoints } from './settings/metrics-endpoints.ts'
import type { SocketRole } from './sockets/handed-sockets.ts'
import type { ListenError } from './sockets/listeners.ts'

/** The services that listen, and the flags that say where. */
const flags = {
  socks: { address: '-l', port: '-p' },
  control: { address: '-L', port: '-P' },
  forward: { address: '--forward', port: '--forward' },
  'control-tls': { address: '--control-tls-addr', port: '--control-tls-port' },
  metrics: { address: '--metrics-addr', port: '--metrics-addr' },
} as const

type Service = keyof typeof flags

/**
 * Where a service is to listen: on all that was asked for, or on those default addresses that this machine has. Rejects
 * with a `Failure` if it has none.
 */
export async function endpointsAskedFor(
  service: 'socks' | 'control',
  { values, sources }: Configuration,
  warn: (message: string) => void,
): Promise<Endpoint[]> {
  const setting = `${service}-addr` as const
  const asked = values[setting]
  const addresses = sources[setting] === 'default' ? await presentAddresses(service, asked, warn) : asked
  return addresses.map((address) => ({ address, port: values[`${service}-port`] }))
}

/** Where the settings have the daemon listen, whatever of the default addresses this machine has. */
export function wantedSockets(values: Readonly<Settings>): (readonly [SocketRole, Endpoint])[] {
  const of = (role: 'socks' | 'control' | 'control-tls') =>
    values[`${role}-addr`].map((address) => [role, { address, port: values[`${role}-port`] }] as const)
  return [
    ...of('socks'),
    ...of('control'),
    ...of('control-tls'),
    ...forwardsOf(values).map(({ listen }) => ['forward', listen] as const),
    ...metricsEndpoints(values).map((endpoint) => ['metrics', endpoint] as const),
  ]
}

/**
 * Those of the `addresses` that this machine has, after a warning for each that it lacks. For default addresses: one
 * that was asked for is the engine's to refuse. Throws a `Failure` if none is left.
 */
export async function presentAddresses(
  service: Service,
  addresses: readonly string[],
  warn: (message: string) => void,
): Promise<readonly string[]> {
  const codes = await Promise.all(addresses.map((address) => whyNotListen({ address, port: 0 })))
  const present = addresses.filter((_, i) => !isAbsence(codes[i]))
  if (present.length === 0) {
    const mend = `name one that it has with ${flags[service].address}`
    throw new Failure(1, `this machine has none of the addresses ${addresses.join(', ')}: ${mend}`)
  }
  for (const address of addresses) {
    if (!present.includes(address)) warn(`this machine has no address ${address}; ${service} is served without it`)
  }
  return present
}

/** The errno name that says why this process cannot listen there; undefined if it can, but for who has the port, which is not tried. */
export async function whyNotListen({ address, port }: Endpoint): Promise<string | undefined> {
  const server = createServer()
  try {
    // An IPv4-mapped one is listened on as IPv4.
    const { bytes } = parseAddress(address) ?? {}
    const host = bytes?.length === 4 ? formatAddress(bytes) : address
    await once(server.listen({ host, port: 0, ipv6Only: true }), 'listening')
    return port > 0 && port < firstFreelyTakenPort() && !hasCapability('netBindService') ? 'EACCES' : undefined
  } catch (error) {
    return errnoOf(error)
  } finally {
    server.close()
  }
}

/** One line for each two of the sockets that cannot be listened on both, whatever else there is on this machine. */
export function clashesOf(sockets: ReturnType<typeof wantedSockets>): string[] {
  return sockets.flatMap(([role, endpoint], i) => {
    const other = sockets
      .slice(0, i)
      .find(([before, at]) => isTakenBy(at, endpoint, before === role && hasOnePort(role)))
    if (!other) return []
    const place = formatEndpoint(endpoint)
    const [before, at] = other
    if (before !== role)
      return [`${role} is to be served on ${place}, and ${before} is: give it another port with ${flags[role].port}`]
    return [
      `${role} is to be served on ${place}, and on ${formatEndpoint(at)}: leave one out, see ${flags[role].address}`,
    ]
  })
}

/** Whether all addresses of this role have the same port, also where any free one will do. */
function hasOnePort(role: SocketRole): boolean {
  return role !== 'forward' && role !== 'metrics'
}

/** Whether who listens at one of them keeps others from listening at the other. `hasOnePort`: any free port is the same for both. */
function isTakenBy(one: Endpoint, other: Endpoint, hasOnePort: boolean): boolean {
  if (one.port !== other.port || (one.port === 0 && !hasOnePort)) return false
  const [bytes, others] = [one, other].map(({ address }) => parseAddress(address)?.bytes ?? new Uint8Array(0)) as [
    Uint8Array,
    Uint8Array,
  ]
  if (bytes.length !== others.length) return false
  if (isUnspecified(bytes) || isUnspecified(others)) return true
  return isSame(bytes, others) && zoneOf(one) === zoneOf(other)
}

function zoneOf({ address }: Endpoint): string | undefined {
  return address.split('%')[1]
}

/** Of an address that this machine does not have. */
export function isAbsence(code: string | undefined): boolean {
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT'
}

/** Why a drain cannot be taken back. */
export function undrainFailure({ endpoint: { address, port }, code }: ListenError): string {
  const whys: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is taken by now: end what holds it',
    EACCES: 'is not for this user without more rights: start proxyd anew',
    EADDRNOTAVAIL: 'is of an address that this machine does not have any more',
  }
  return `port ${port} on ${address} ${whys[code] ?? `cannot be listened on (${code})`}; the daemon drains on`
}

/** Why a service cannot listen there, with the mend. `code` is the errno name. */
export function listenFailure(service: Service, { address, port }: Endpoint, code: string | undefined): Failure {
  const flag = flags[service]
  if (code === 'EADDRINUSE') {
    const mend = `end what holds it, perhaps another proxyd, or choose another port with ${flag.port}`
    return new Failure(1, `port ${port} on ${address} is taken: ${mend}`)
  }
  if (code === 'EACCES') {
    return new Failure(1, `port ${port} on ${address} is not for this user: choose one above 1023 with ${flag.port}`)
  }
  if (isAbsence(code)) {
    return new Failure(1, `this machine has no address ${address}: name one that it has with ${flag.address}`)
  }
  const [, zone] = address.split('%')
  if (zone !== undefined)
    return new Failure(
      1,
      `this machine has no such address on an interface ${zone}: name one that it has with ${flag.address}`,
    )
  return new Failure(1, `cannot listen on port ${port} of ${address} (${code}): choose another with ${flag.address}`)
}
