import type { Limits } from '../../shared/protocol/limits.ts'
import type { Result } from '../../shared/protocol/methods.ts'
import type { Backend } from './backend.ts'
import { ConnectionFeed } from './connection-feed.ts'
import { describeProtocol } from './describe.ts'
import type { Handlers } from './dispatch.ts'
import { configHandlers } from './handlers/config.ts'
import { daemonHandlers } from './handlers/daemon.ts'
import { logHandlers } from './handlers/log.ts'
import { followMetrics } from './metrics-feed.ts'
import { newestThatFit } from './newest.ts'
import { pageOfConnections, pageOfUsers } from './pages.ts'

/** Methods that are about who calls, not about what the daemon does for them. */
type CallerMethod = `session.${string}` | `auth.${string}` | `operators.${string}`

/** What each other method does, once its caller and parameters are known to be right. */
export function backendHandlers(backend: Backend, limits: Limits): Omit<Handlers, CallerMethod> {
  const { users, connections, metrics, config } = backend
  const feed = new ConnectionFeed(connections, limits)
  let description: Result<'rpc.describe'> | undefined
  return {
    'status.get': () => backend.status(),
    'users.list': (request) => {
      const { rows, next } = pageOfUsers(users.list(), request)
      return { users: rows, next }
    },
    'users.add': async ({ name, password }) => {
      await users.add(name, password)
      return {}
    },
    'users.remove': ({ name }) => users.remove(name),
    'users.setPassword': async ({ name, password }) => {
      await users.setPassword(name, password)
      return {}
    },
    'users.setEnabled': async ({ name, enabled }) => ({ cut: await users.setEnabled(name, enabled) }),
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
    'metrics.subscribe': ({ history = 0 }, session) => {
      session.subscribe('metrics', (outlet) => followMetrics(metrics, outlet))
      return { samples: newestThatFit(metrics.history(history), limits.line) }
    },
    'metrics.unsubscribe': (_, session) => {
      session.unsubscribe('metrics')
      return {}
    },
    ...configHandlers(config),
    ...logHandlers(backend.log, limits),
    ...daemonHandlers(backend.lifecycle),
    'rpc.describe': () => (description ??= describeProtocol()),
  }
}
