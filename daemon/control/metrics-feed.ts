import { eventLine } from '../../shared/protocol/message.ts'
import type { Sample } from '../../shared/protocol/methods.ts'
import type { Metrics } from './backend.ts'
import type { Outlet, Subscription } from './subscription.ts'

/** Bytes of a reply that are no samples, at most. */
const envelope = 1024

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

/** As many of the newest samples as fit into one line of `limit` bytes, oldest first. */
export function samplesThatFit(samples: readonly Sample[], limit: number): Sample[] {
  let left = limit - envelope
  const first = samples.findLastIndex((sample) => {
    left -= Buffer.byteLength(JSON.stringify(sample)) + 1
    return left < 0
  })
  return samples.slice(first + 1)
}
