import type { Transfer } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** All that is kept, taken elsewhere. */
export function transferHandlers(transfer: Transfer): HandlersOf<'transfer'> {
  return {
    'transfer.backup': (wish) => transfer.backup(wish),
  }
}
