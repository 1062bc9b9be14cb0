import { Connections } from '../../../daemon/store/postgres/connections.ts'
import { type PostgresServer, placeOf } from '../../helpers/postgres-server.ts'
import { databaseSeconds, loggedBytes } from './database.ts'
import { type Cost, usersPerNode, type Work, works } from './model.ts'
import { SimulatedNode } from './work.ts'

/** What PostgreSQL bears of each kind of question alone, and what each costs it. */

/** Nodes that ask, on so many pools of four connections. */
const pools = 2
const asking = 64
/** Of a batch whose rows are counted; and those that are in the store, for what grows with them. */
export const manyRows = 200
const nodesThere = 1_000

export interface Saturation {
  readonly perSecond: number
  readonly cpuEach: number
  readonly loggedEach: number
}

export interface WorkCost extends Cost {
  readonly one: Saturation
  /** Of what has rows: with many of them. */
  readonly many: Saturation | undefined
}

export async function openPools(server: PostgresServer, database: string, count: number): Promise<Connections[]> {
  return Promise.all(
    Array.from({ length: count }, () => Connections.open(placeOf(server.place(database)), async () => '')),
  )
}

export async function measureCosts(
  server: PostgresServer,
  {
    database,
    users,
    seconds,
    tell,
  }: { database: string; users: number; seconds: number; tell: (text: string) => void },
): Promise<Map<Work, WorkCost>> {
  const connections = await openPools(server, database, pools)
  const nodes = Array.from({ length: nodesThere }, (_, i) => {
    const first = 1 + ((i * usersPerNode) % Math.max(1, users - usersPerNode))
    return new SimulatedNode(connections[i % pools] as Connections, `node-${i}`, first)
  })
  for (const node of nodes) await node.beat()
  const some = nodes.slice(0, asking)
  const costs = new Map<Work, WorkCost>()
  for (const work of works) {
    tell(work.name)
    const one = await saturate(server, some, (node) => work.run(node, work.rows > 0 ? 1 : 0), seconds)
    const many = work.rows > 0 ? await saturate(server, some, (node) => work.run(node, manyRows), seconds) : undefined
    const row = many ? (many.cpuEach - one.cpuEach) / (manyRows - 1) : 0
    costs.set(work, { one, many, row, each: one.cpuEach - row, among: work.growsWith === 'users' ? users : nodesThere })
  }
  await Promise.all(connections.map((one) => one.close()))
  return costs
}

/** All nodes ask as fast as they are answered, after a moment in which plans and pages are found. */
async function saturate(
  server: PostgresServer,
  nodes: readonly SimulatedNode[],
  ask: (node: SimulatedNode) => Promise<unknown>,
  seconds: number,
): Promise<Saturation> {
  await Promise.all(nodes.map(ask))
  const [before, logged, began] = [databaseSeconds(server), await loggedBytes(server), performance.now()]
  let asked = 0
  const end = began + seconds * 1000
  await Promise.all(
    nodes.map(async (node) => {
      for (; performance.now() < end; asked++) await ask(node)
    }),
  )
  const [took, spent] = [(performance.now() - began) / 1000, databaseSeconds(server) - before]
  return { perSecond: asked / took, cpuEach: spent / asked, loggedEach: ((await loggedBytes(server)) - logged) / asked }
}
