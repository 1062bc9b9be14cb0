import { limits } from '../../../shared/protocol/limits.ts'
import { firstThatFit } from '../../../shared/protocol/message.ts'
import type { Transfer } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** All that is kept, taken elsewhere, and brought here. */
export function transferHandlers(transfer: Transfer): HandlersOf<'transfer'> {
  return {
    'transfer.backup': (wish) => transfer.backup(wish),
    'transfer.export': async (wish) => {
      const page = await transfer.export(wish)
      const users = firstThatFit(page.users, limits.line)
      return users.length < page.users.length ? { users, next: users.at(-1)?.name } : page
    },
    'transfer.import': async (wish) => {
      const { changes, cut } = await transfer.import(wish)
      return { changes: firstThatFit(changes, limits.line), cut }
    },
  }
}
