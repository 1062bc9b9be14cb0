import { setTimeout as wait } from 'node:timers/promises'
import { cpuSeconds, memoryKiB } from '../process-cost.ts'
import { proxyd, type Server, start } from '../servers.ts'
import type { Figures, Scenario } from './scenario.ts'

/** Milliseconds after which whatever belongs to a start is over, and nothing else has begun. */
const settled = 2_000

/** What a start costs, and what a server takes that has nothing to do. A round is one start. */
export const startScenario: Scenario = {
  name: 'starts',
  measures: (server) => server !== undefined,
  async run({ server }) {
    if (server === undefined) return {}
    const one = await startAndIdle(server)
    const figures = { 'start and two idle seconds, CPU-ms': one.cpu, 'idle, MiB of memory': one.memory }
    if (server.engine !== 'linux') return figures
    const two = await startAndIdle(proxyd(2))
    return { ...figures, 'idle, MiB of memory of a second loop': two.memory - one.memory } satisfies Figures
  },
}

/** In milliseconds, and in MiB. */
async function startAndIdle(server: Server): Promise<{ readonly cpu: number; readonly memory: number }> {
  const running = await start(server, false)
  await wait(settled)
  const [cpu, memory] = [cpuSeconds(running.pid) * 1000, memoryKiB(running.pid) / 1024]
  await running.stop()
  return { cpu, memory }
}
