import type { OriginPorts } from '../load/protocol.ts'
import type { Running } from '../servers.ts'
import {
  busier,
  type Cost,
  costOf,
  cpuFigures,
  type Figures,
  prefixed,
  type Scenario,
  type Setting,
  way,
  withServer,
} from './scenario.ts'

/** Throughput: streams as greedy as they can be. */

type Direction = 'down' | 'up' | 'both'

const services: Record<Direction, keyof OriginPorts> = { down: 'source', up: 'sink', both: 'both' }

function bulk(direction: Direction, streams: number): Scenario {
  const name = `${streams} ${streams === 1 ? 'stream' : 'streams'} ${direction}`
  return {
    name,
    measures: () => true,
    run: (setting) =>
      withServer(setting, async (running) => {
        // As of connections: what a server compiles once and for all is no stream's cost.
        if (running) await bulkCost(running, { ...setting, seconds: 1 }, streams, direction)
        const cost = await bulkCost(running, setting, streams, direction)
        const { bytes } = cost.end
        return {
          ...prefixed(`${name}, `, bulkFigures(cost)),
          ...(streams > 1 ? { [`${name}, slowest/fastest`]: Math.min(...bytes) / Math.max(...bytes) } : {}),
          [`${name}, cores of the busier of generator and origin`]: busier(cost),
        }
      }),
  }
}

/** Move bytes for the setting's time. */
export function bulkCost(
  running: Running | undefined,
  { origin, seconds }: Pick<Setting, 'origin' | 'seconds'>,
  streams: number,
  direction: Direction,
): Promise<Cost> {
  const port = origin.ports[services[direction]]
  return costOf(running, origin, { kind: 'bulk', way: way(running, port), streams, direction, seconds })
}

export function bulkFigures(cost: Cost): Figures {
  const moved = cost.end.bytes.reduce((total, bytes) => total + bytes, 0) / 2 ** 30
  return { 'GiB/s': moved / cost.end.seconds, ...cpuFigures(cost, 'CPU-s/GiB', moved) }
}

export const bulkScenarios: readonly Scenario[] = ([1, 16] as const).flatMap((streams) =>
  (['down', 'up', 'both'] as const).map((direction) => bulk(direction, streams)),
)
