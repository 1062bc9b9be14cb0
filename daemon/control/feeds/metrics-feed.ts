import { eventLine } from '../../../shared/protocol/message.ts'
import type { Sample } from '../../../shared/protocol/methods.ts'
import type { Metrics } from '../backend.ts'
import type { Outlet, Subscription } from './subscription.ts'

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
