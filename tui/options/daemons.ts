import { readEnvironment, variableOf } from './environment.ts'
import { type Layer, mergeLayers } from './layers.ts'
import type { OptionName, Options } from './options.ts'
import { type Place, placeOf, placesOf } from './place.ts'
import { readProfile } from './profile.ts'

/** Daemons that one run of ours is about, at most: each takes a connection. */
export const mostDaemons = 64

export interface NamedDaemon {
  /** For people: its profile if that is what names it, else where it is. */
  readonly name: string
  /** Where it may be, tried in this order. */
  readonly places: readonly [Place, ...Place[]]
  /** Give up the right to change anything there. */
  readonly readOnly: boolean
}

/** What the flags say of which daemons there are, and what counts for each of them. */
export interface Said {
  readonly profiles: readonly string[]
  readonly hosts: readonly string[]
  readonly sockets: readonly string[]
  readonly config: string | undefined
  readonly options: Options
}

/** One daemon's options. */
export interface Settled {
  /** The profile that it is named by, if several are. */
  readonly name: string | undefined
  readonly options: Options
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What counts of each daemon, of which there is one at least: a flag before the environment, that before the profile.
 * Rejects with an `Error` for people if it makes no sense.
 */
export async function settleDaemons(said: Said, env: Environment): Promise<readonly Settled[]> {
  const file = said.config ?? (env[variableOf('config')] || undefined)
  const usual = env[variableOf('profile')] || undefined
  const wishes = wishesOf(said, usual)
  if (wishes.length > mostDaemons) throw new Error(`at most ${mostDaemons} daemons can be named`)
  const merged = wishes.map(async ({ name, profile, flags }) => {
    return { name, options: merge(flags, await readProfile({ file, name: profile, env }), env) }
  })
  return Promise.all(merged)
}

interface Wish {
  readonly name?: string
  readonly profile: string | undefined
  readonly flags: Options
}

/** A single profile tells what is not said elsewhere; each of several names a daemon, and so does each host or socket. */
function wishesOf({ profiles, hosts, sockets, options }: Said, usual: string | undefined): Wish[] {
  if (hosts.length > 0 && sockets.length > 0) throw new Error('--socket and --host exclude each other')
  const named = [...hosts.map((host) => ({ ...options, host })), ...sockets.map((socket) => ({ ...options, socket }))]
  const [profile = usual, ...others] = profiles
  if (others.length === 0) return (named.length > 0 ? named : [options]).map((flags) => ({ profile, flags }))
  const byProfile = profiles.map((name) => ({ name, profile: name, flags: options }))
  return [...byProfile, ...named.map((flags) => ({ profile: undefined, flags }))]
}

/** A flag without which another one would do nothing. */
const needed = { 'tls-name': 'tls', ca: 'tls', cert: 'tls', key: 'tls', 'password-file': 'operator' } as const

function merge(flags: Options, profile: Options, env: Environment): Options {
  const layers: Layer[] = [
    { nameOf: (option) => `the profile's ${option}`, said: profile },
    { nameOf: variableOf, said: readEnvironment(env) },
    { nameOf: (option) => `--${option}`, said: flags },
  ]
  const merged = mergeLayers(...layers)
  for (const [flag, other] of Object.entries(needed) as [keyof typeof needed, OptionName][]) {
    if (flags[flag] !== undefined && !merged[other]) throw new Error(`--${flag} needs --${other}`)
  }
  return merged
}

/** The daemons with these options; `usual` is the runtime directory where none is said. Throws an `Error` for people. */
export function namedDaemons(settled: readonly Settled[], usual: string): NamedDaemon[] {
  const daemons = settled.map(({ name, options }) => {
    const places = placesOf(options, options['runtime-dir'] ?? usual)
    const isLocal = options.socket === undefined && places[0].kind === 'unix'
    return {
      name: name ?? (isLocal ? thisMachine : placeOf(places)),
      places,
      readOnly: options['read-only'] ?? false,
    }
  })
  const seen = new Map<string, string>()
  for (const { name, places } of daemons) {
    const key = JSON.stringify(places)
    const before = seen.get(key)
    if (before !== undefined) throw new Error(sameDaemon(before, name, placeOf(places)))
    seen.set(key, name)
  }
  return daemons
}

/** How the daemon is called that is found by its runtime directory: its socket's path is long and tells little. */
const thisMachine = 'this machine'

/** A daemon's name and where it is, in one line for people. */
export function titleOf({ name, places }: NamedDaemon): string {
  const place = placeOf(places)
  return name === place || name === thisMachine ? name : `${name}: ${place}`
}

function sameDaemon(one: string, other: string, place: string): string {
  return one === other ? `${one} is named twice` : `${one} and ${other} are the same daemon, ${place}`
}
