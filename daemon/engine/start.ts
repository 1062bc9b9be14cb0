import { destinationOf } from '../net/destination.ts'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import { descriptorLimit, freePorts } from '../os/system-limits.ts'
import { OwnSockets } from '../policy/own-sockets.ts'
import { HandedSockets, type NamedSocket } from '../sockets/handed-sockets.ts'
import { endpointsOf, type Forward, type Listener } from '../sockets/listeners.ts'
import { openServers } from '../sockets/servers.ts'
import type { Engine, EngineOptions, EngineServices } from './engine.ts'
import { startPortableEngine } from './portable/engine.ts'
import { isOurs } from './portable/local-address.ts'
import { refusedCall as refusedToNode } from './portable/refused-call.ts'
import { type DescriptorShares, shareDescriptors } from './shared/descriptor-shares.ts'

/**
 * Open the sockets that the options ask for, and start the engine that `choice` names on them. With `auto` that is the
 * Linux one where its calls can be loaded and are not refused, else the portable one, after a warning. Rejects with
 * `ListenError` if an address or port is not to be had, `ForwardToSelf`, `TooFewDescriptors`, or `EngineUnavailable` if
 * the engine that was named cannot run here.
 */
export async function startEngine(
  choice: Engine['kind'] | 'auto',
  options: EngineOptions,
  services: EngineServices,
): Promise<Engine> {
  refuseForwardsToSelf(options.forwards, [...options.policy.forbidden, ...options.listen])
  if (choice === 'portable') return startPortable(options, services)
  try {
    return await startLinux(options, services)
  } catch (error) {
    if (choice === 'linux' || !(error instanceof EngineUnavailable)) throw error
    services.warn(`${error.message}; the portable engine, which is slower, serves in its place`)
    return startPortable(options, services)
  }
}

/** Rejects, as `startEngine` would, if the engine cannot run here, or not with so many descriptors. Leaves nothing open. */
export async function foreseeEngine(
  choice: Engine['kind'] | 'auto',
  options: Pick<EngineOptions, 'capacity' | 'listen' | 'forwards' | 'workers'>,
): Promise<void> {
  if (choice === 'portable') return foreseePortable(options)
  const isUnavailable = await loadLinuxEngine().then(
    () => false,
    (error: unknown) => {
      if (choice === 'linux' || !(error instanceof EngineUnavailable)) throw error
      return true
    },
  )
  if (isUnavailable) return foreseePortable(options)
  sharesOf(options, options.workers)
}

async function foreseePortable(options: Parameters<typeof sharesOf>[0]): Promise<void> {
  await refuseRefusals()
  sharesOf(options, 1)
}

/** Of the portable engine, which is the last to choose. */
async function refuseRefusals(): Promise<void> {
  const call = await refusedToNode()
  if (call === undefined) return
  const why = `the portable engine cannot work where a call is refused (${call})`
  throw new EngineUnavailable(why, 'have the sandbox that proxyd runs in allow it')
}

/** As `startEngine`. */
export async function startPortable(options: EngineOptions, services: EngineServices): Promise<Engine> {
  const shares = sharesOf(options, 1)
  await refuseRefusals()
  const listeners = await openServers(options)
  const reopen = async () => openServers(await again(options, listeners))
  return startPortableEngine(options, shares, listeners, services, reopen)
}

/** As `startEngine`. */
export async function startLinux(options: EngineOptions, services: EngineServices): Promise<Engine> {
  const { startLinuxEngine, openLoopSockets } = await loadLinuxEngine()
  const shares = sharesOf(options, options.workers)
  const listeners = await openLoopSockets(options)
  const reopen = async (workers: number) => openLoopSockets({ ...(await again(options, listeners)), workers })
  return startLinuxEngine(options, shares, listeners, services, reopen)
}

/** As the options, with the ports that were found, and with the sockets that systemd still has. */
async function again(options: EngineOptions, listeners: readonly Listener<unknown>[]): Promise<EngineOptions> {
  const forwards = endpointsOf(listeners, 'forward')
  const { handed: _, ...rest } = options
  const lasting = options.handed?.lasting ?? []
  return {
    ...rest,
    listen: endpointsOf(listeners, 'socks'),
    forwards: options.forwards.map((forward, i) => ({ ...forward, listen: forwards[i] ?? forward.listen })),
    ...(lasting.length > 0 && { handed: new HandedSockets(await duplicates(lasting)) }),
  }
}

/** Of those for the engine; it was koffi that has looked at them in the first place. */
async function duplicates(sockets: readonly NamedSocket[]): Promise<NamedSocket[]> {
  const { duplicate } = await import('../os/libc.ts')
  const own = sockets.filter(({ role }) => role === 'socks' || role === 'forward')
  return own.map(({ role, address, port, fd }) => ({ role, address, port, fd: duplicate(fd) }))
}

function sharesOf(
  { capacity, listen, forwards }: Pick<EngineOptions, 'capacity' | 'listen' | 'forwards'>,
  loops: number,
): DescriptorShares {
  const has = { loops, listeners: listen.length + forwards.length, ports: freePorts() }
  return shareDescriptors(descriptorLimit(), capacity, has)
}

/** A forward leads to where proxyd itself listens. */
export class ForwardToSelf extends Error {
  constructor({ listen, host, port }: Forward) {
    const [from, to] = [listen, { address: host, port }].map(formatEndpoint)
    super(`the forward ${from} leads to ${to}, where proxyd itself listens: name another destination`)
    this.name = 'ForwardToSelf'
  }
}

/**
 * Throws `ForwardToSelf` for one that leads to where it listens itself, to another or to the `others` of proxyd. Of those that
 * name an address: where a name leads to, and a port that is any free one, is judged at each dial.
 */
export function refuseForwardsToSelf(forwards: readonly Forward[], others: readonly Endpoint[]): void {
  const own = new OwnSockets([...others, ...forwards.map((forward) => forward.listen)], isOurs)
  for (const forward of forwards) {
    const destination = destinationOf(forward.host, forward.port)
    if (destination.kind === 'address' && own.has(destination, forward.port)) throw new ForwardToSelf(forward)
  }
}

/** This machine cannot run the engine that was asked for. */
export class EngineUnavailable extends Error {
  /** What to do, for people. */
  readonly mend: string

  constructor(why: string, mend = 'choose --engine portable') {
    super(why)
    this.mend = mend
  }
}

/** Loaded only when wanted: it binds to libc, which fails where koffi or one of the calls is missing. */
async function loadLinuxEngine() {
  const [{ startLinuxEngine }, { openLoopSockets }, { refusedCall }] = await Promise.all([
    import('./linux/engine.ts'),
    import('../sockets/loop-sockets.ts'),
    import('../os/refusals.ts'),
  ]).catch((error: unknown) => {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n')
    throw new EngineUnavailable(`the linux engine cannot load (${reason}): npm install koffi if it is missing`)
  })
  const refusal = refusedCall()
  if (refusal !== undefined)
    throw new EngineUnavailable(`the linux engine cannot work where a call is refused (${refusal})`)
  return { startLinuxEngine, openLoopSockets }
}
