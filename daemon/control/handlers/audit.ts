import { type Limits, limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { eventLine, firstThatFit } from '../../../shared/protocol/message.ts'
import type { AuditEntry } from '../../../shared/protocol/methods.ts'
import type { Audit } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { EntryFollower } from '../entry-follower.ts'

/** What operators did: listed, followed. The cursor of a page is the last id of the one before. */
export function auditHandlers(audit: Audit, limits: Limits): HandlersOf<'audit'> {
  return {
    'audit.list': async ({ cursor, limit = protocolLimits.page, ...wish }, session) => {
      const before = cursor === undefined ? undefined : Number(cursor)
      const found = await session.read(() => audit.list({ ...wish, before, limit: limit + 1 }))
      const entries = firstThatFit(found.slice(0, limit), protocolLimits.line)
      return found.length > entries.length ? { entries, next: String(entries.at(-1)?.id) } : { entries }
    },
    'audit.subscribe': ({ history = 0 }, session) =>
      session.read(async () => {
        let follower: EntryFollower<AuditEntry> | undefined
        session.subscribe('audit', (outlet) => {
          follower = new EntryFollower(outlet, limits, (entries, missed) =>
            eventLine('audit.entries', { entries, missed }),
          )
          return follower.following(audit.follow(follower.take))
        })
        const found = history === 0 ? [] : await audit.list({ limit: history })
        const told = firstThatFit(found, limits.line)
        follower?.begin(told)
        return { entries: told.reverse() }
      }),
    // Behind the subscription that may be waiting still.
    'audit.unsubscribe': (_, session) =>
      session.read(() => {
        session.unsubscribe('audit')
        return {}
      }),
  }
}
