import type { NamedDaemon } from './daemons.ts'
import type { OperatorPlace } from './place.ts'
import { readHost } from './place.ts'

/** Where a node of a fleet tells that operators reach it, as `ADDRESS:PORT`, with `tls:` before it where it is by TLS. */
interface Reachable {
  readonly name: string
  readonly control: readonly string[]
}

/**
 * A node of a fleet as a daemon of its own, reached as `by`, another node, is: operators are those of the fleet, so the same login
 * holds, by TLS if that is how. A text tells why it cannot be.
 */
export function nodeAsDaemon(by: NamedDaemon, { name, control }: Reachable): NamedDaemon | string {
  const [place] = by.places
  if (!('operator' in place))
    return `node ${name} takes operators of the fleet only: log in here as one, with --host and --operator`
  const wanted = control.filter((address) => address.startsWith('tls:') === (place.kind === 'tls'))
  const found = wanted
    .map((address) => readHost(address.replace(/^tls:/, '')))
    .find((at) => at !== undefined && (isLoopback(place.host) || !isLoopback(at.host)))
  if (found?.port === undefined) {
    const how = place.kind === 'tls' ? 'by TLS: start it with --control-tls-addr' : 'from here: name it with --host'
    return `node ${name} cannot be managed ${how}`
  }
  const there: OperatorPlace = { ...place, host: found.host, port: found.port }
  return { name, places: [there], readOnly: by.readOnly }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
