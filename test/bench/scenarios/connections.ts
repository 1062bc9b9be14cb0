import type { Load } from '../load/protocol.ts'
import type { Running, Server } from '../servers.ts'
import {
  busier,
  type Cost,
  costOf,
  cpuFigures,
  type Figures,
  inFlight,
  prefixed,
  type Scenario,
  type Setting,
  way,
  withServer,
} from './scenario.ts'

/** Short connections: each fetches 64 bytes and is gone. */

/** What differs from connections that fetch 64 bytes from the origin. */
export type Options = Partial<Extract<Load, { kind: 'connections' }>>

interface Kind {
  readonly measures: (server: Server | undefined) => boolean
  readonly password?: boolean
  /** A name for the proxy to look up instead of an address. */
  readonly name?: string
}

function connections(name: string, { measures, password = false, name: destination }: Kind): Scenario {
  return {
    name,
    measures,
    run: (setting) =>
      withServer(
        setting,
        async (running) => {
          const target = { ...way(running, setting.origin.ports.short, password), name: destination }
          await warmUp(running, setting, { way: target })
          const cost = await connectionCost(running, setting, { way: target })
          return {
            ...prefixed(`${name}, `, connectionFigures(cost)),
            [`${name}, cores of the busier of generator and origin`]: busier(cost),
          }
        },
        password,
      ),
  }
}

/** What a server does once and for all, such as the first look at a password, is no connection's cost: let it be done. */
export async function warmUp(running: Running | undefined, setting: Setting, other: Options = {}): Promise<void> {
  if (running) await connectionCost(running, { ...setting, seconds: 1 }, other)
}

/** Make connections for the setting's time, to the origin unless `other` says so. */
export function connectionCost(
  running: Running | undefined,
  { origin, seconds }: Pick<Setting, 'origin' | 'seconds'>,
  other: Options = {},
): Promise<Cost> {
  const to = way(running, origin.ports.short)
  return costOf(running, origin, { kind: 'connections', way: to, inFlight, seconds, ...other })
}

export function connectionFigures(cost: Cost): Figures {
  const { connections, seconds } = cost.end
  return { 'per second': connections / seconds, ...cpuFigures(cost, 'CPU-µs each', connections / 1e6) }
}

export const connectionScenarios: readonly Scenario[] = [
  connections('connections', { measures: () => true }),
  connections('connections with password', { measures: (server) => server?.passwords === true, password: true }),
  connections('connections by name', { measures: (server) => server !== undefined, name: 'localhost' }),
]
