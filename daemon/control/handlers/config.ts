import type { RuntimeConfiguration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** Settings, as they are and as they are to be. */
export function configHandlers(config: RuntimeConfiguration): HandlersOf<'config'> {
  return {
    'config.get': () => config.get(),
    'config.set': (change) => config.set(change),
  }
}
