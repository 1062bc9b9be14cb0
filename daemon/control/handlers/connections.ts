import { RpcError } from '../../../shared/protocol/errors.ts'
import { limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { eventLine, sharedEvent } from '../../../shared/protocol/message.ts'
import type { Connection, Result } from '../../../shared/protocol/methods.ts'
import type { TableChange } from '../../observe/table-view.ts'
import type { Backend } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { type FeedLimits, type TableEvents, TableFeed } from '../table-feed.ts'
import { askNodes } from './nodes.ts'

/** Closed connections that are listed unless the request tells how many. */
const closedUnlessTold = 100

/** The events that tell of them. */
export const connectionEvents: TableEvents<Connection, TableChange> = {
  snapshot: (seq, connections, last) => eventLine('connections.snapshot', { seq, connections, last }),
  length: ({ changed, moved, closed, missed }) =>
    Math.max(changed.length, moved.length, closed.length, Math.min(missed, 1)),
  changed({ changed, moved, closed, missed }, cut) {
    // Of several events the first tells it.
    const [untold] = cut(missed > 0 ? [missed] : [])
    return sharedEvent('connections.changed', {
      changed: cut(changed),
      moved: cut(moved),
      closed: cut(closed),
      ...(untold !== undefined && { missed: untold }),
    })
  },
  resync: (seq) => eventLine('connections.resync', { seq }),
}

/** The connections: listed, looked at, followed, cut. */
export function connectionHandlers(
  { connections, fleet }: Pick<Backend, 'connections' | 'fleet'>,
  limits: FeedLimits,
): HandlersOf<'connections'> {
  const feed = new TableFeed(connections, connectionEvents, limits)
  return {
    'connections.list': async ({ cursor, limit = protocolLimits.page }) => {
      const page = await connections.page(limit, cursor)
      if (!page) throw new RpcError('invalid_params', 'no such cursor')
      return page
    },
    'connections.get': async ({ id }) => {
      const details = await connections.get(id)
      if (!details)
        throw new RpcError('not_found', 'there is no such connection, and it is not one of those that ended last')
      return details
    },
    'connections.closed': async ({ limit = closedUnlessTold }) => ({ connections: await connections.closed(limit) }),
    'connections.kill': async ({ ids, node }, { identity }) => {
      if (node === undefined || node === fleet?.node) return connections.kill(ids)
      if (!fleet) throw new RpcError('conflict', 'this daemon is in no fleet, so there is no other node')
      await fleet.named(node)
      const [[, answer] = []] = await askNodes(fleet, [node], 'connections.kill', { ids }, identity)
      if (!answer) throw new RpcError('unavailable', `node ${node} has not answered: it may still do so`)
      return answer as Result<'connections.kill'>
    },
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
