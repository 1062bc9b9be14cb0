import { eventFields } from '../../shared/filter/event-fields.ts'
import { limits } from '../../shared/protocol/limits.ts'
import type {
  AccessEntry,
  AuditEntry,
  Ban,
  EventEntry,
  LogEntry,
  Params,
  Result,
  WatchNotice,
} from '../../shared/protocol/methods.ts'
import { plainFilter } from '../access-log/entry-filter.ts'
import { inSlices } from '../slices.ts'
import {
  endedOtherwise,
  eventOfAudit,
  eventOfBan,
  eventOfChange,
  eventOfConnection,
  eventOfLog,
  eventOfWatch,
} from './event-entries.ts'

/** Events kept that are about no connection: the access log has those. */
const mostKept = 1_000
/** Milliseconds for which connections that ended alike are one event. */
const sumTime = 500
/** Events of connections in that time: more than that nobody reads. */
const mostTold = 200
/** Pages of the access log that are searched for those of before. */
const mostPages = 10

/** Where events come from. */
export interface EventSources {
  readonly accessLog: {
    list(wish: Params<'access.list'>): Promise<Result<'access.list'>>
    follow(
      wish: Params<'access.subscribe'>,
      hear: (entries: string, missed: number, taken: () => void) => void,
    ): { stop(): void }
  }
  readonly audit: { watch(listener: (entry: Omit<AuditEntry, 'id'>) => void): () => void }
  readonly bans: { watch(listener: (ban: Ban, isBanned: boolean) => void): () => void }
  readonly log: { watch(listener: (entry: LogEntry) => void): () => void }
  readonly watches: { watch(listener: (notice: WatchNotice) => void): () => void }
  /** Undefined: this daemon is in none. */
  readonly fleet: { watch(listener: (change: string) => void): () => void } | undefined
}

/** Which events somebody wants, and may know of. */
export interface EventWish {
  readonly filter?: string | undefined
  readonly may: (event: EventEntry) => boolean
}

type Hear = (events: readonly EventEntry[], missed: number) => void

/**
 * What happened that somebody may have to know, gathered from the records that there are. What has ended is looked at only
 * while somebody follows, or asks; the rest is rare, and the last of it is kept.
 */
export class Events {
  readonly #sources: EventSources
  readonly #kept: EventEntry[] = []
  #lastId = 0
  readonly #followers = new Set<Hear>()
  #ended: EndedOtherwise | undefined
  readonly #unwatch: readonly (() => void)[]

  constructor(sources: EventSources) {
    const { audit, bans, fleet, log, watches } = sources
    this.#sources = sources
    this.#unwatch = [
      audit.watch((entry) => this.#add(eventOfAudit(entry))),
      bans.watch((ban, isBanned) => this.#add(eventOfBan(ban, isBanned, Date.now()))),
      watches.watch((notice) => this.#add(eventOfWatch(notice))),
      ...(fleet ? [fleet.watch((change) => this.#add(eventOfChange(change, Date.now())))] : []),
      log.watch((entry) => {
        if (entry.level === 'warn' || entry.level === 'error') this.#add(eventOfLog(entry))
      }),
    ]
  }

  /** The last `limit` of those that are still known, oldest first. Throws a Refusal for a filter that is none. */
  async list({
    filter = '',
    may,
    since = Number.NEGATIVE_INFINITY,
    limit,
  }: EventWish & { readonly since?: number | undefined; readonly limit: number }): Promise<EventEntry[]> {
    const matches = plainFilter(eventFields, filter)
    const isWanted = (event: EventEntry) => event.time >= since && may(event) && matches(event)
    if (limit === 0) return []
    const ended: EventEntry[] = []
    let cursor: string | undefined
    for (let pages = 0; pages < mostPages && ended.length < limit; pages++) {
      const wish = { filter: endedOtherwise, limit: limits.page, ...(Number.isFinite(since) && { since }) }
      const page = await this.#sources.accessLog.list({ ...wish, ...(cursor !== undefined && { cursor }) })
      const events = page.entries.map(eventOfConnection)
      const wanted = await inSlices(events, isWanted)
      ended.push(...events.filter((_, i) => wanted[i]))
      cursor = page.next
      if (cursor === undefined) break
    }
    return [...ended, ...this.#kept.filter(isWanted)].sort((one, other) => one.time - other.time).slice(-limit)
  }

  /** Has somebody hear what happens, until the returned function is called. Throws a Refusal for a filter that is none, or if the access log does. */
  follow({ filter = '', may }: EventWish, hear: Hear): () => void {
    const matches = plainFilter(eventFields, filter)
    const follower: Hear = (events, missed) => {
      const wanted = events.filter((event) => may(event) && matches(event))
      if (wanted.length > 0 || missed > 0) hear(wanted, missed)
    }
    this.#ended ??= new EndedOtherwise(this.#sources.accessLog, (events, missed) => this.#spread(events, missed))
    this.#followers.add(follower)
    return () => {
      this.#followers.delete(follower)
      if (this.#followers.size > 0) return
      this.#ended?.stop()
      this.#ended = undefined
    }
  }

  close(): void {
    for (const unwatch of this.#unwatch) unwatch()
    this.#ended?.stop()
  }

  #add(event: Omit<EventEntry, 'id'>): void {
    const kept = { id: `e${++this.#lastId}`, ...event }
    this.#kept.push(kept)
    if (this.#kept.length > mostKept) this.#kept.shift()
    this.#spread([kept], 0)
  }

  #spread(events: readonly EventEntry[], missed: number): void {
    for (const hear of [...this.#followers]) hear(events, missed)
  }
}

/** Connections as they end otherwise than well, those that are alike as one. However many there are, it takes no more of them than it tells. */
class EndedOtherwise {
  readonly #hear: Hear
  readonly #log: { stop(): void }
  readonly #sums = new Map<string, EventEntry>()
  #missed = 0
  #taken: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(accessLog: EventSources['accessLog'], hear: Hear) {
    this.#hear = hear
    this.#log = accessLog.follow({ filter: endedOtherwise }, (text, missed, taken) => {
      this.#missed += missed
      // The log thread makes no more until these are told.
      this.#taken.push(taken)
      for (const entry of JSON.parse(text) as AccessEntry[]) this.#sum(eventOfConnection(entry))
      this.#timer ??= setTimeout(() => this.#tell(), sumTime)
    })
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#log.stop()
  }

  #sum(event: EventEntry): void {
    const key = JSON.stringify([event.text, event.source])
    const sum = this.#sums.get(key)
    if (sum) this.#sums.set(key, { ...sum, time: event.time, count: sum.count + 1 })
    else if (this.#sums.size < mostTold) this.#sums.set(key, event)
    else this.#missed++
  }

  #tell(): void {
    this.#timer = undefined
    // Each loop tells of its own.
    const events = [...this.#sums.values()].sort((one, other) => one.time - other.time)
    const [missed, taken] = [this.#missed, this.#taken]
    this.#sums.clear()
    this.#missed = 0
    this.#taken = []
    for (const each of taken) each()
    this.#hear(events, missed)
  }
}
