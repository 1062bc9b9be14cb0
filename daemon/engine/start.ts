import { destinationOf } from '../net/destination.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import { Rules } from '../policy/rules.ts'
import type { Engine, EngineOptions, EngineServices, Forward } from './engine.ts'
import { startPortableEngine } from './portable/engine.ts'
import { isOurs } from './portable/local-address.ts'
import { forwarded } from './session-table.ts'

/**
 * Start the engine that `choice` names, on sockets that listen where the options say. With `auto` that is the Linux one
 * where its calls can be loaded and are not refused, else the portable one, after a warning. Throws `ListenError` if an
 * address or port is not to be had, `ForwardToSelf`, or `EngineUnavailable` if the engine that was named cannot run here.
 */
export async function startEngine(
  choice: Engine['kind'] | 'auto',
  options: EngineOptions,
  services: EngineServices,
): Promise<Engine> {
  refuseForwardsToSelf(options)
  if (choice === 'portable') return startPortableEngine(options, services)
  const linux = await loadLinuxEngine()
  if (!(linux instanceof EngineUnavailable)) return linux(options, services)
  if (choice === 'linux') throw linux
  services.warn(`${linux.message}; the portable engine, which is slower, serves in its place`)
  return startPortableEngine(options, services)
}

/** A forward leads to where proxyd itself listens. */
export class ForwardToSelf extends Error {
  constructor({ listen, host, port }: Forward) {
    const [from, to] = [listen, { address: host, port }].map(formatEndpoint)
    super(`the forward ${from} leads to ${to}, where proxyd itself listens: name another destination`)
    this.name = 'ForwardToSelf'
  }
}

/** Of those that name an address. Where a name leads to, and a port that is any free one, is judged at each dial. */
function refuseForwardsToSelf({ listen, forwards, policy }: EngineOptions): void {
  const rules = new Rules([...policy.forbidden, ...listen, ...forwards.map((forward) => forward.listen)], isOurs)
  for (const forward of forwards)
    if (!rules.admit(forwarded, destinationOf(forward.host, forward.port))) throw new ForwardToSelf(forward)
}

/** This machine cannot run the engine that was asked for. */
export class EngineUnavailable extends Error {}

/** Loaded only when wanted: it binds to libc, which fails where koffi or one of the calls is missing. */
async function loadLinuxEngine() {
  try {
    const [{ startLinuxEngine }, { openListeners }, { refusedCall }] = await Promise.all([
      import('./linux/engine.ts'),
      import('../sockets/listeners.ts'),
      import('../os/refusals.ts'),
    ])
    const refusal = refusedCall()
    if (refusal === undefined)
      return (options: EngineOptions, services: EngineServices) =>
        startLinuxEngine(options, openListeners(options), services)
    return new EngineUnavailable(`the linux engine cannot work where a call is refused (${refusal})`)
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n')
    return new EngineUnavailable(`the linux engine cannot load (${reason}): npm install koffi if it is missing`)
  }
}
