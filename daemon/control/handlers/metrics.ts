import type { Limits } from '../../../shared/protocol/limits.ts'
import type { Metrics } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { followMetrics } from '../feeds/metrics-feed.ts'
import { newestThatFit } from '../feeds/newest.ts'

/** Following the metrics, and how they came to be what they are. */
export function metricsHandlers(metrics: Metrics, limits: Limits): HandlersOf<'metrics'> {
  return {
    'metrics.subscribe': ({ history = 0 }, session) => {
      session.subscribe('metrics', (outlet) => followMetrics(metrics, outlet))
      return { samples: newestThatFit(metrics.history(history), limits.line) }
    },
    'metrics.unsubscribe': (_, session) => {
      session.unsubscribe('metrics')
      return {}
    },
    'metrics.history': (wish) => metrics.throughput(wish),
  }
}
