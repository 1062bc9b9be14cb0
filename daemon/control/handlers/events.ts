import { isAuditKind } from '../../../shared/event-kinds.ts'
import { type Limits, limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { eventLine, newestThatFit } from '../../../shared/protocol/message.ts'
import type { EventEntry } from '../../../shared/protocol/methods.ts'
import type { Events } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { EntryFollower } from '../entry-follower.ts'
import { isAtLeast, type Session } from '../session.ts'

/** What happened: listed, followed. */
export function eventHandlers(events: Events, limits: Limits): HandlersOf<'events'> {
  // Asked each time: who follows may have given up a role meanwhile.
  const mayKnow = (session: Session) => (event: EventEntry) =>
    isAtLeast(session.identity.role, 'admin') || !isAuditKind(event.kind)
  return {
    'events.list': ({ limit = protocolLimits.page, ...wish }, session) =>
      session.read(async () => {
        const found = await events.list({ ...wish, may: mayKnow(session), limit })
        return { events: newestThatFit(found, limits.line) }
      }),
    'events.subscribe': ({ filter, history = 0 }, session) =>
      session.read(async () => {
        const wish = { filter, may: mayKnow(session) }
        let follower: EntryFollower<EventEntry> | undefined
        session.subscribe('events', (outlet) => {
          follower = new EntryFollower(outlet, limits, (events, missed) =>
            eventLine('events.entries', { events, missed }),
          )
          return follower.following(events.follow(wish, follower.take))
        })
        const found = await events.list({ ...wish, limit: history })
        const told = newestThatFit(found, limits.line)
        follower?.begin(told)
        return { events: told }
      }),
    // Behind the subscription that may be waiting still.
    'events.unsubscribe': (_, session) =>
      session.read(() => {
        session.unsubscribe('events')
        return {}
      }),
  }
}
