import type { Load } from '../load/protocol.ts'
import { runLoad } from '../load-runner.ts'
import type { Running } from '../servers.ts'
import { percentile } from '../statistics.ts'
import { inFlight, type Scenario, type Setting, way, withServer } from './scenario.ts'

/** A ping-pong of 64 bytes, alone and beside what others do. */

/** The same before, for what is compiled meanwhile: a loop's first second is no measure of those that follow. */
const warmUpSeconds = 1

/** What goes on meanwhile: by an origin of its own, for longer than the ping-pong. */
type Noise = (running: Running | undefined, setting: Setting) => Load

function pingPong(name: string, noise?: Noise): Scenario {
  return {
    name,
    measures: () => true,
    run: (setting) =>
      withServer(setting, async (running) => {
        const measure = async (seconds: number) => {
          const alone = { kind: 'pingpong', way: way(running, setting.origin.ports.echo), seconds } as const
          const run = () => runLoad(alone, () => 0)
          const { end } = noise ? (await runLoad(noise(running, { ...setting, seconds }), run)).begin : await run()
          return end
        }
        await measure(warmUpSeconds)
        const end = await measure(setting.seconds)
        return {
          [`${name} p50, µs`]: percentile(end.micros, 0.5),
          [`${name} p99, µs`]: percentile(end.micros, 0.99),
        }
      }),
  }
}

const greedyStreams: Noise = (running, { busyOrigin, seconds }) => ({
  kind: 'bulk',
  way: way(running, busyOrigin.ports.source),
  streams: 4,
  direction: 'down',
  seconds: seconds + 1,
})

const shortConnections: Noise = (running, { busyOrigin, seconds }) => ({
  kind: 'connections',
  way: way(running, busyOrigin.ports.short),
  inFlight,
  seconds: seconds + 1,
})

export const latencyScenarios: readonly Scenario[] = [
  pingPong('ping-pong'),
  pingPong('ping-pong beside 4 streams', greedyStreams),
  pingPong(`ping-pong beside ${inFlight} short connections`, shortConnections),
]
