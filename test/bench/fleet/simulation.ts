import { setTimeout } from 'node:timers/promises'
import type { Connections } from '../../../daemon/store/postgres/connections.ts'
import type { PostgresServer } from '../../helpers/postgres-server.ts'
import { memoryKiB } from '../process-cost.ts'
import { percentile } from '../statistics.ts'
import { databaseSeconds } from './database.ts'
import { usersPerNode, type Work, works } from './model.ts'
import { openPools } from './store-costs.ts'
import { SimulatedNode } from './work.ts'

/** Pools of four connections that all nodes share, as a pooler would have it. */
const pools = 4

export interface Simulated {
  readonly cores: number
  /** Milliseconds that answers took. */
  readonly median: number
  readonly p99: number
  readonly failures: number
  /** KiB of memory of PostgreSQL. */
  readonly memory: number
}

/** So many nodes that ask as often as real ones do, for so long. */
export async function simulate(
  server: PostgresServer,
  { database, nodes, seconds }: { database: string; nodes: number; seconds: number },
): Promise<Simulated> {
  const connections = await openPools(server, database, pools)
  const took: number[] = []
  let failures = 0
  const warm = performance.now() + 3_000
  const end = warm + seconds * 1000
  const keepAsking = async (node: SimulatedNode, work: Work) => {
    const period = 1000 / work.perSecond(nodes)
    let wait = Math.random() * period
    while (performance.now() + wait < end) {
      await setTimeout(wait)
      const began = performance.now()
      await work.run(node, work.rows).catch(() => failures++)
      took.push(performance.now() - began)
      wait = Math.max(0, period * (0.8 + 0.4 * Math.random()) - (performance.now() - began))
    }
  }
  const loops = Array.from({ length: nodes }, (_, i) => {
    const node = new SimulatedNode(connections[i % pools] as Connections, `simulated-${i}`, 1 + i * usersPerNode)
    return works.map((work) => keepAsking(node, work))
  })
  await setTimeout(warm - performance.now())
  const [before, began] = [databaseSeconds(server), performance.now()]
  await setTimeout(end - performance.now())
  const cores = (databaseSeconds(server) - before) / ((performance.now() - began) / 1000)
  const memory = memoryKiB(server.pid ?? 0)
  await Promise.all(loops.flat())
  await Promise.all(connections.map((one) => one.close()))
  return { cores, median: percentile(took, 0.5), p99: percentile(took, 0.99), failures, memory }
}
