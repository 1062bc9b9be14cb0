import type { AccessEntry, Params } from '../../../shared/protocol/methods.ts'
import type { AccessLog } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import type { Outlet, Subscription } from '../session.ts'

/** What became of connections: listed, followed. */
export function accessHandlers(log: AccessLog): HandlersOf<'access'> {
  return {
    'access.list': (wish, session) => session.read(() => log.list(wish)),
    'access.subscribe': async (wish, session) => {
      const entries = await session.read(() => {
        let begun: Promise<readonly AccessEntry[]> = Promise.resolve([])
        session.subscribe('access', (outlet) => {
          const follower = followAccess(log, wish, outlet)
          begun = follower.begun
          return follower
        })
        return begun
      })
      return { entries: [...entries] }
    },
    // Behind the subscription that may be waiting still.
    'access.unsubscribe': (_, session) =>
      session.read(() => {
        session.unsubscribe('access')
        return {}
      }),
  }
}

/** Pushes entries to a client. Until they are sent, no more are made than it may be behind. */
function followAccess(
  log: AccessLog,
  wish: Params<'access.subscribe'>,
  outlet: Outlet,
): Subscription & { readonly begun: Promise<readonly AccessEntry[]> } {
  const waiting: { readonly line: string; readonly taken: () => void }[] = []
  const pump = () => {
    while (outlet.ready) {
      const next = waiting.shift()
      if (!next) return
      outlet.send(next.line)
      next.taken()
    }
  }
  const follower = log.follow(wish, (entries, missed, taken) => {
    const line = `{"jsonrpc":"2.0","method":"access.entries","params":{"entries":${entries},"missed":${missed}}}\n`
    waiting.push({ line, taken })
    pump()
  })
  return { begun: follower.begun, pump, stop: follower.stop }
}
