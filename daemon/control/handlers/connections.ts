import type { Limits } from '../../../shared/protocol/limits.ts'
import type { LiveConnections } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { ConnectionFeed } from '../feeds/connection-feed.ts'
import { pageOfConnections } from './pages.ts'

/** The live connections: listed, followed, cut. */
export function connectionHandlers(connections: LiveConnections, limits: Limits): HandlersOf<'connections'> {
  const feed = new ConnectionFeed(connections, limits)
  return {
    'connections.list': (request) => {
      const { rows, next } = pageOfConnections(connections.list(), request)
      return { connections: rows, next }
    },
    'connections.kill': ({ ids }) => connections.kill(ids),
    'connections.subscribe': (_, session) => {
      session.subscribe('connections', (outlet) => feed.follow(outlet))
      return {}
    },
    'connections.unsubscribe': (_, session) => {
      session.unsubscribe('connections')
      return {}
    },
  }
}
