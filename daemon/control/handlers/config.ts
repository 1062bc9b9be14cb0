import type { RuntimeConfiguration } from '../backend.ts'
import type { Handlers } from '../dispatch.ts'

/** Settings, as they are and as they are to be. */
export function configHandlers(config: RuntimeConfiguration): Pick<Handlers, 'config.get' | 'config.set'> {
  return {
    'config.get': () => config.get(),
    'config.set': (change) => config.set(change),
  }
}
