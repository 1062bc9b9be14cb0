import { runLoad } from '../load-runner.ts'
import { descriptors, memoryKiB } from '../process-cost.ts'
import type { Running } from '../servers.ts'
import { percentile } from '../statistics.ts'
import { connectionCost, warmUp } from './connections.ts'
import { type Figures, type Scenario, type Setting, way, withServer } from './scenario.ts'

/** Many clients: thousands that stay, and thousands that come at once. */

const held: Scenario = {
  name: 'held',
  measures: () => true,
  run: (setting) =>
    withServer(setting, async (running) => {
      await warmUp(running, setting)
      const alone = await newcomers('a new connection', running, setting)
      const before = holdings(running)
      const load = { kind: 'hold', way: way(running, setting.origin.ports.echo), count: setting.held } as const
      const { begin } = await runLoad(load, async () => ({
        now: holdings(running),
        beside: await newcomers('a new connection beside those held', running, setting),
      }))
      if (!running) return { ...alone, ...begin.beside }
      return {
        'held connection, KiB of memory': (begin.now.memory - before.memory) / setting.held,
        'held connection, descriptors': (begin.now.descriptors - before.descriptors) / setting.held,
        ...alone,
        ...begin.beside,
      }
    }),
}

function holdings(running: Running | undefined) {
  const pid = running?.pid
  return pid === undefined ? { memory: 0, descriptors: 0 } : { memory: memoryKiB(pid), descriptors: descriptors(pid) }
}

/** Connections one after the other: from connect to the last of 64 bytes. */
async function newcomers(name: string, running: Running | undefined, setting: Setting): Promise<Figures> {
  const { end } = await connectionCost(running, setting, { inFlight: 1 })
  return { [`${name} p50, µs`]: percentile(end.micros, 0.5), [`${name} p99, µs`]: percentile(end.micros, 0.99) }
}

/** Clients that connect at once, and the seconds after which who has not been served is given up. */
const burstSize = 2000
const burstSeconds = 15

const burst: Scenario = {
  name: 'burst',
  measures: () => true,
  run: (setting) =>
    withServer(setting, async (running) => {
      await warmUp(running, setting)
      const to = way(running, setting.origin.ports.short)
      const { end } = await runLoad({ kind: 'burst', way: to, count: burstSize, seconds: burstSeconds }, () => 0)
      const name = `${burstSize} connect at once`
      return { [`${name}, not served`]: end.failures, [`${name}, ms until all are served or lost`]: end.seconds * 1000 }
    }),
}

export const crowdScenarios: readonly Scenario[] = [held, burst]
