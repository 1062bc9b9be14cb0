import { limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { firstThatFit } from '../../../shared/protocol/message.ts'
import type { Audit } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** What operators did. The cursor is the last id of the page before. */
export function auditHandlers(audit: Audit): HandlersOf<'audit'> {
  return {
    'audit.list': async ({ cursor, limit = protocolLimits.page, ...wish }, session) => {
      const before = cursor === undefined ? undefined : Number(cursor)
      const found = await session.read(() => audit.list({ ...wish, before, limit: limit + 1 }))
      const entries = firstThatFit(found.slice(0, limit), protocolLimits.line)
      return found.length > entries.length ? { entries, next: String(entries.at(-1)?.id) } : { entries }
    },
  }
}
