import type { Limits } from '../../../shared/protocol/limits.ts'
import { eventLine, newestThatFit } from '../../../shared/protocol/message.ts'
import type { WatchNotice } from '../../../shared/protocol/methods.ts'
import type { WatchAdministration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import type { Outlet, Subscription } from '../session.ts'

/** What is looked out for: listed, changed, heard of. */
export function watchHandlers(watches: WatchAdministration, limits: Limits): HandlersOf<'watches'> {
  return {
    'watches.list': () => ({ watches: watches.list() }),
    'watches.add': async (watch, session) => ({ watch: await watches.add(watch, session.identity.name) }),
    'watches.remove': ({ name }) => watches.remove(name),
    'watches.subscribe': (_, session) => {
      session.subscribe('watches', (outlet) => followWatches(watches, outlet, limits))
      return {}
    },
    'watches.unsubscribe': (_, session) => {
      session.unsubscribe('watches')
      return {}
    },
  }
}

/** Pushes notices to a client. Of what could not be sent the newest stay, and the rest is counted. */
function followWatches(watches: WatchAdministration, outlet: Outlet, { page, line }: Limits): Subscription {
  let waiting: WatchNotice[] = []
  let missed = 0
  const pump = () => {
    if (waiting.length === 0 || !outlet.ready) return
    const notices = newestThatFit(waiting, line)
    missed += waiting.length - notices.length
    waiting = []
    outlet.send(eventLine('watches.notices', { notices, missed }))
    missed = 0
  }
  const stop = watches.watch((notice) => {
    waiting.push(notice)
    if (waiting.length > page) {
      waiting.shift()
      missed++
    }
    pump()
  })
  return { pump, stop }
}
