import { RpcError } from '../../../shared/protocol/errors.ts'
import type { Limits } from '../../../shared/protocol/limits.ts'
import type { LiveConnections } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { ConnectionFeed } from '../feeds/connection-feed.ts'
import { pageOfConnections } from './pages.ts'

/** Closed connections that are listed unless the request tells how many. */
const closedUnlessTold = 100

/** The connections: listed, looked at, followed, cut. */
export function connectionHandlers(connections: LiveConnections, limits: Limits): HandlersOf<'connections'> {
  const feed = new ConnectionFeed(connections, limits)
  return {
    'connections.list': (request) => {
      const { rows, next } = pageOfConnections(connections.list(), request)
      return { connections: rows, next }
    },
    'connections.get': ({ id }) => {
      const details = connections.get(id)
      if (!details)
        throw new RpcError('not_found', 'there is no such connection, and it is not one of those that ended last')
      return details
    },
    'connections.closed': ({ limit = closedUnlessTold }) => ({ connections: connections.closed(limit) }),
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
