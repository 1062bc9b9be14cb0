import { setTimeout } from 'node:timers/promises'
import { smallestQuantum } from '../../../daemon/engine/shared/buckets.ts'
import { runLoad } from '../load-runner.ts'
import { cpuSeconds } from '../process-cost.ts'
import { proxyd, type Running, type Server, start, withFlags } from '../servers.ts'
import { percentile, sum } from '../statistics.ts'
import { type Scenario, type Setting, way } from './scenario.ts'

/** What a limit of all clients' rate does, measured where the bytes arrive. */

/** As the setting `rate-down` has it, and in bytes a second. */
const rates = [
  ['64kB/s', 64_000],
  ['1MB/s', 1_000_000],
  ['10MB/s', 10_000_000],
  ['100MB/s', 100_000_000],
] as const

/** Shares mean something once each flow has been given some so often. */
const grantsEach = 8

async function limited<T>(server: Server, measure: (running: Running) => Promise<T>): Promise<T> {
  const running = await start(server, false)
  try {
    return await measure(running)
  } finally {
    await running.stop()
  }
}

/** With one loop and with two; the portable engine has none. */
function limitedServers(server: Server | undefined, rate: string): Server[] {
  const one = withFlags(server, '--rate-down', rate)
  return one.engine === 'portable' ? [one] : [one, proxyd(2, '--rate-down', rate)]
}

/** Greedy streams, 1, 20 and 200 of them: how far off is the worst second after the first? */
function pacing([rate, bytes]: (typeof rates)[number]): Scenario {
  const name = `pacing at ${rate}`
  return {
    name,
    measures: (server) => server?.engine !== undefined,
    async run({ server, origin, seconds }) {
      const off: number[] = []
      const shares: number[] = []
      for (const streams of [1, 20, 200])
        for (const limitedServer of limitedServers(server, rate)) {
          const end = await limited(limitedServer, async (running) => {
            const long = Math.max(seconds, 1 + (streams * smallestQuantum * grantsEach) / bytes)
            const load = { kind: 'bulk', way: way(running, origin.ports.source), streams, direction: 'down' } as const
            return (await runLoad({ ...load, seconds: long }, () => {})).end
          })
          off.push(
            ...inSeconds(end.bytesByTenth)
              .slice(1)
              .map((moved) => 100 * Math.abs(moved / bytes - 1)),
          )
          shares.push(jain(end.bytesLater))
        }
      return {
        [`${name}: the worst second, % off`]: Math.max(...off),
        [`${name}: Jain's index, at least`]: Math.min(...shares),
      }
    },
  }
}

/** In each whole second. */
function inSeconds(byTenth: readonly number[]): number[] {
  return Array.from({ length: Math.floor(byTenth.length / 10) }, (_, i) => sum(byTenth.slice(10 * i, 10 * i + 10)))
}

/** 1: all have the same; 1 / n: one of n has all. */
function jain(shares: readonly number[]): number {
  return sum(shares) ** 2 / (shares.length * sum(shares.map((share) => share * share)))
}

/** Until what the origin sends has filled the kernel's buffers, their filling is what there is to see. */
const settles = 12

const waiting: Scenario = {
  name: 'pacing, 1000 that wait',
  measures: (server) => server?.engine !== undefined,
  run: ({ server, origin, seconds }: Setting) =>
    limited(withFlags(server, '--rate-down', '10kB/s'), async (running) => {
      const load = { kind: 'bulk', way: way(running, origin.ports.source), streams: 1000, direction: 'down' } as const
      const { begin } = await runLoad({ ...load, seconds: settles + seconds }, async () => {
        await setTimeout(settles * 1000)
        const before = cpuSeconds(running.pid)
        await setTimeout(seconds * 1000)
        return (100 * (cpuSeconds(running.pid) - before)) / seconds
      })
      return { 'pacing, 1000 that wait: % of a core': begin }
    }),
}

const besideBulk: Scenario = {
  name: 'pacing, ping-pong beside 20 streams',
  measures: (server) => server?.engine !== undefined,
  run: ({ server, origin, busyOrigin, seconds }: Setting) =>
    limited(withFlags(server, '--rate-down', '1MB/s'), async (running) => {
      const bulk = { kind: 'bulk', way: way(running, busyOrigin.ports.source), streams: 20, direction: 'down' } as const
      const pingPong = { kind: 'pingpong', way: way(running, origin.ports.echo), seconds } as const
      const { begin } = await runLoad({ ...bulk, seconds: seconds + 2 }, async () => {
        await setTimeout(1000)
        return runLoad(pingPong, () => {})
      })
      const { micros } = begin.end
      return {
        'pacing, ping-pong beside 20 streams p50, ms': percentile(micros, 0.5) / 1000,
        'pacing, ping-pong beside 20 streams p99, ms': percentile(micros, 0.99) / 1000,
      }
    }),
}

export const pacingScenarios: readonly Scenario[] = [...rates.map(pacing), waiting, besideBulk]
