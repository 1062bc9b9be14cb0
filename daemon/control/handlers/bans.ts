import { limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import type { BanAdministration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** The sources that may not connect. The cursor of a page is the last source of the one before, which may be gone by now. */
export function banHandlers(bans: BanAdministration): HandlersOf<'bans'> {
  return {
    'bans.list': ({ cursor = '', limit = protocolLimits.page }) => {
      const all = bans.list()
      const start = all.findIndex(({ source }) => source > cursor)
      const page = start < 0 ? [] : all.slice(start, start + limit)
      return start >= 0 && start + limit < all.length ? { bans: page, next: page.at(-1)?.source } : { bans: page }
    },
    'bans.add': ({ source, seconds }, session) => bans.add(source, seconds, session.identity.name),
    'bans.remove': ({ source }) => bans.remove(source),
  }
}
