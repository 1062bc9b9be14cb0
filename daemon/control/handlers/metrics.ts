import type { Limits } from '../../../shared/protocol/limits.ts'
import { eventLine, newestThatFit } from '../../../shared/protocol/message.ts'
import type { Sample } from '../../../shared/protocol/methods.ts'
import type { History, Metrics } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import type { Outlet, Subscription } from '../session.ts'

/** Following the metrics, and how they came to be what they are. */
export function metricsHandlers(metrics: Metrics, history: History, limits: Limits): HandlersOf<'metrics'> {
  return {
    'metrics.subscribe': ({ history: count = 0 }, session) => {
      session.subscribe('metrics', (outlet) => followMetrics(metrics, outlet))
      return { samples: newestThatFit(metrics.history(count), limits.line) }
    },
    'metrics.unsubscribe': (_, session) => {
      session.unsubscribe('metrics')
      return {}
    },
    'metrics.history': (wish, session) => session.read(() => history.throughput(wish)),
  }
}

/** Pushes each sample to a client. Of what could not be sent only the newest stays: its counters say the rest. */
export function followMetrics(metrics: Metrics, outlet: Outlet): Subscription {
  let newest: Sample | undefined
  const pump = () => {
    if (newest === undefined || !outlet.ready) return
    const line = eventLine('metrics.sample', newest)
    newest = undefined
    outlet.send(line)
  }
  const stop = metrics.watch((sample) => {
    newest = sample
    pump()
  })
  return { pump, stop }
}
