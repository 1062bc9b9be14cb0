import type { End, Load, Way } from '../load/protocol.ts'
import type { Origin } from '../load-runner.ts'
import { runLoad } from '../load-runner.ts'
import { cpuSeconds, SystemShare } from '../process-cost.ts'
import { credentials, type Running, type Server, start } from '../servers.ts'

/** What is measured: each scenario takes one server through one load and returns its figures by name. */
export interface Scenario {
  readonly name: string
  /** Whether it says anything of this server; undefined: no proxy at all. */
  measures(server: Server | undefined): boolean
  run(setting: Setting): Promise<Figures>
}

export type Figures = Record<string, number>

export interface Setting {
  readonly server: Server | undefined
  readonly origin: Origin
  /** Another process, for what goes on beside that which is measured. */
  readonly busyOrigin: Origin
  readonly seconds: number
  readonly held: number
}

/** Short connections under way at once. */
export const inFlight = 64

/** Start the scenario's server, if it has one, for as long as `measure` takes. */
export async function withServer(
  setting: Setting,
  measure: (running: Running | undefined) => Promise<Figures>,
  password = false,
): Promise<Figures> {
  const running = setting.server && (await start(setting.server, password))
  try {
    return await measure(running)
  } finally {
    await running?.stop()
  }
}

export function way(running: Running | undefined, port: number, password = false): Way {
  return { port, proxy: running && { port: running.port, ...(password ? credentials : {}) } }
}

/** A load's figures, and the CPU seconds that it cost the server (NaN without one), the generator and the origin. */
export interface Cost {
  readonly end: End
  readonly server: number
  /** Of the server's, those that the kernel took for it. */
  readonly serverSystem: number
  readonly generator: number
  readonly origin: number
}

/** Run a load and count what it costs everybody. Rejects if more than one connection in a hundred failed. */
export async function costOf(running: Running | undefined, origin: Origin, load: Load): Promise<Cost> {
  const spent = () => ({ server: running ? cpuSeconds(running.pid) : Number.NaN, origin: cpuSeconds(origin.pid) })
  const { end, begin } = await runLoad(load, () => ({ ...spent(), share: running && new SystemShare(running.pid) }))
  const now = spent()
  const { connections, failures, reason } = end
  if (failures * 100 > connections) throw new Error(`${failures} connections failed, ${connections} did not: ${reason}`)
  const server = now.server - begin.server
  const serverSystem = server * (begin.share?.now ?? Number.NaN)
  return { end, server, serverSystem, generator: end.cpu, origin: now.origin - begin.origin }
}

/** The server's CPU by `unit`, of which it has done `count`, with the program's own and the kernel's apart. */
export function cpuFigures({ server, serverSystem }: Cost, unit: string, count: number): Figures {
  return {
    [unit]: server / count,
    [`${unit}, user`]: (server - serverSystem) / count,
    [`${unit}, system`]: serverSystem / count,
  }
}

/** Which of the two that make the load is nearer to its limit: both have one thread, so 1 is a core and all they can. */
export function busier({ end, generator, origin }: Cost): number {
  return Math.max(generator, origin) / end.seconds
}

export function prefixed(prefix: string, figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([figure, value]) => [`${prefix}${figure}`, value]))
}
