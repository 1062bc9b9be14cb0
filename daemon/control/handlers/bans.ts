import { limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { eventLine, sharedEvent } from '../../../shared/protocol/message.ts'
import type { Ban } from '../../../shared/protocol/methods.ts'
import type { BanAdministration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { isAtLeast } from '../session.ts'
import { type FeedLimits, type FollowedTable, type TableEvents, TableFeed } from '../table-feed.ts'

interface BanChange {
  readonly changed: readonly Ban[]
  /** Sources that are let in again. */
  readonly removed: readonly string[]
}

const events: TableEvents<Ban, BanChange> = {
  snapshot: (seq, bans, last) => eventLine('bans.snapshot', { seq, bans, last }),
  length: ({ changed, removed }) => Math.max(changed.length, removed.length),
  changed: ({ changed, removed }, cut) => sharedEvent('bans.changed', { changed: cut(changed), removed: cut(removed) }),
  resync: (seq) => eventLine('bans.resync', { seq }),
}

/** The sources that may not connect. The cursor of a page is the last source of the one before, which may be gone by now. */
export function banHandlers(bans: BanAdministration, feedLimits: FeedLimits): HandlersOf<'bans'> {
  const feed = new TableFeed(followed(bans), events, feedLimits)
  return {
    'bans.list': ({ cursor = '', limit = protocolLimits.page }) => {
      const all = bans.list()
      const start = all.findIndex(({ source }) => source > cursor)
      const page = start < 0 ? [] : all.slice(start, start + limit)
      return start >= 0 && start + limit < all.length ? { bans: page, next: page.at(-1)?.source } : { bans: page }
    },
    'bans.subscribe': (_, session) => {
      session.subscribe('bans', (outlet) => feed.follow(outlet))
      return {}
    },
    'bans.unsubscribe': (_, session) => {
      session.unsubscribe('bans')
      return {}
    },
    'bans.add': ({ source, seconds }, { identity: { name, role } }) =>
      bans.add(source, seconds, name, isAtLeast(role, 'admin')),
    'bans.remove': ({ source }) => bans.remove(source),
  }
}

/** Milliseconds over which changes are gathered: a flood earns thousands of bans, and they may be over all at once. */
const gathering = 100

/** The bans as a table that is followed; of a source that changes again and again the last is told. */
function followed(bans: BanAdministration): FollowedTable<Ban, BanChange> {
  return {
    watch(listener) {
      const changes = new Map<string, Ban | null>()
      let timer: NodeJS.Timeout | undefined
      const tell = () => {
        timer = undefined
        const all = [...changes]
        changes.clear()
        listener({
          changed: all.flatMap(([, ban]) => ban ?? []),
          removed: all.flatMap(([source, ban]) => (ban === null ? [source] : [])),
        })
      }
      const stop = bans.watch((ban, isBanned) => {
        changes.set(ban.source, isBanned ? ban : null)
        timer ??= setTimeout(tell, gathering).unref()
      })
      return {
        stop() {
          stop()
          clearTimeout(timer)
        },
      }
    },
    get rows() {
      return bans.list()
    },
  }
}
