import type { Engine, EngineOptions, EngineServices } from './engine.ts'
import { startPortableEngine } from './portable/engine.ts'

/**
 * Start the engine that `choice` names, on sockets that listen where the options say. With `auto` that is the Linux one
 * where its calls can be loaded and are not refused, else the portable one, after a warning. Throws `ListenError` if an
 * address or port is not to be had, `EngineUnavailable` if the engine that was named cannot run here.
 */
export async function startEngine(
  choice: Engine['kind'] | 'auto',
  options: EngineOptions,
  services: EngineServices,
): Promise<Engine> {
  if (choice === 'portable') return startPortableEngine(options, services)
  const linux = await loadLinuxEngine()
  if (!(linux instanceof EngineUnavailable)) return linux(options, services)
  if (choice === 'linux') throw linux
  services.warn(`${linux.message}; the portable engine, which is slower, serves in its place`)
  return startPortableEngine(options, services)
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
