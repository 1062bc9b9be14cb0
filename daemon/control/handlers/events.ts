import { isAuditKind } from '../../../shared/event-kinds.ts'
import { type Limits, limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { eventLine, newestThatFit } from '../../../shared/protocol/message.ts'
import type { EventEntry } from '../../../shared/protocol/methods.ts'
import type { Events } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { isAtLeast, type Outlet, type Session, type Subscription } from '../session.ts'

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
        let follower: EventFollower | undefined
        session.subscribe('events', (outlet) => {
          follower = new EventFollower(outlet, limits)
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

/** Pushes events to a client, from the reply on. Of what could not be sent the newest stay, and the rest is counted. */
class EventFollower {
  readonly #outlet: Outlet
  readonly #limits: Limits
  #waiting: EventEntry[] = []
  #missed = 0
  #hasBegun = false

  constructor(outlet: Outlet, limits: Limits) {
    this.#outlet = outlet
    this.#limits = limits
  }

  following(stop: () => void): Subscription {
    return { pump: () => this.#pump(), stop }
  }

  /** The reply is on its way, and tells of these. */
  begin(told: readonly EventEntry[]): void {
    const ids = new Set(told.map(({ id }) => id))
    this.#waiting = this.#waiting.filter(({ id }) => !ids.has(id))
    this.#hasBegun = true
  }

  readonly take = (events: readonly EventEntry[], missed: number): void => {
    this.#missed += missed
    this.#waiting.push(...events)
    this.#forget(this.#waiting.length - this.#limits.unsentLog)
    this.#pump()
  }

  #pump(): void {
    while (this.#hasBegun && this.#outlet.ready && this.#waiting.length + this.#missed > 0) {
      const page = this.#waiting.slice(0, this.#limits.page)
      const events = newestThatFit(page, this.#limits.line)
      this.#waiting = this.#waiting.slice(page.length)
      this.#missed += page.length - events.length
      this.#outlet.send(eventLine('events.entries', { events, missed: this.#missed }))
      this.#missed = 0
    }
  }

  #forget(count: number): void {
    if (count <= 0) return
    this.#waiting = this.#waiting.slice(count)
    this.#missed += count
  }
}
