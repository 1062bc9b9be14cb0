import type { Transfer } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** All that is kept, taken elsewhere, and brought here. */
export function transferHandlers(transfer: Transfer): HandlersOf<'transfer'> {
  return {
    'transfer.backup': (wish) => transfer.backup(wish),
    'transfer.export': (wish) => transfer.export(wish),
    'transfer.import': (wish) => transfer.import(wish),
  }
}
