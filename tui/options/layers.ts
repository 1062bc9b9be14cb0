import type { OptionName, Options } from './options.ts'
import { readHost } from './place.ts'

/** What was said in one place: on the command line, in the environment, or in a profile. */
export interface Layer {
  /** How an option is called there, for people. */
  readonly nameOf: (option: OptionName) => string
  readonly said: Options
}

/** What names another place than a socket does. */
const network = ['host', 'port', 'tls'] as const
/** What makes no sense at a socket. */
const networkOnly = [
  ...network,
  'insecure-plaintext',
  'tls-name',
  'ca',
  'cert',
  'key',
  'operator',
  'password-file',
  'cookie-file',
] as const

/**
 * What counts of several layers, the weakest first: each option as the strongest layer says it. A socket takes the place
 * of a weaker layer's host, and the other way round. Throws an `Error` for people if one layer contradicts itself.
 */
export function mergeLayers(...layers: readonly Layer[]): Options {
  let merged: Options = {}
  for (const said of layers.map(settle)) {
    if (said.socket !== undefined) merged = without(merged, networkOnly)
    else if (network.some((name) => said[name] !== undefined)) merged = without(merged, ['socket'])
    merged = { ...merged, ...said }
  }
  return merged
}

/** A layer without contradiction, its host and port apart. */
function settle({ nameOf, said }: Layer): Options {
  const other = networkOnly.find((name) => said[name] !== undefined)
  if (said.socket !== undefined && other) throw new Error(`${nameOf('socket')} and ${nameOf(other)} exclude each other`)
  if (said.host === undefined) return said
  const endpoint = readHost(said.host)
  if (!endpoint) {
    const examples = '::1, [::1]:8080, localhost:8080'
    throw new Error(`${nameOf('host')} takes a name or an address, with or without a port: ${examples}`)
  }
  if (said.port !== undefined && endpoint.port !== undefined && said.port !== endpoint.port) {
    throw new Error(`${nameOf('host')} and ${nameOf('port')} name different ports`)
  }
  return { ...said, ...endpoint }
}

function without(said: Options, names: readonly OptionName[]): Options {
  return Object.fromEntries(Object.entries(said).filter(([name]) => !names.includes(name as OptionName)))
}
