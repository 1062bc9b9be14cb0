import { cpus } from 'node:os'
import type { PostgresServer } from '../../helpers/postgres-server.ts'
import { hasPostgres } from '../../helpers/postgres-server.ts'
import { markdown, number } from '../report.ts'
import { fill, startDatabase } from './database.ts'
import { measureEmbedded, measureNode, type NodeFigures, roundTrip, type Times } from './logins.ts'
import { busyPerNode, coresOf, usersPerNode, type Work } from './model.ts'
import { simulate } from './simulation.ts'
import { manyRows, measureCosts, type WorkCost } from './store-costs.ts'

export interface FleetOptions {
  /** Users in the store. */
  readonly users: number
  readonly seconds: number
}

/** Aims, in milliseconds. */
const startAim = 2_000
const loginAim = 20
const sizes = [10, 100, 1_000, 5_000]
/** Of the simulation. */
const simulatedNodes = 200
const simulatedSeconds = 10

/** `make bench BENCH=--fleet`: a node of a store with very many users, and what one PostgreSQL bears of nodes. */
export async function benchFleet({ users, seconds }: FleetOptions, tell: (text: string) => void): Promise<string> {
  if (!hasPostgres) throw new Error('--fleet needs PostgreSQL here: apt install postgresql')
  const server = await startDatabase()
  try {
    tell(`${users} users`)
    const database = await fill(server, users)
    const [row] = await server.sql<{ version: string }>('postgres', 'SHOW server_version')
    const head = `PostgreSQL ${Object.values(row ?? {})[0]}, ${users} users, ${cpus().length} cores that all share; ${command(users)}`
    const ofUsers = await usersTable(server, database, tell)
    const costs = await measureCosts(server, { database, users, seconds, tell })
    tell(`${simulatedNodes} nodes`)
    const simulated = await simulate(server, { database, nodes: simulatedNodes, seconds: simulatedSeconds })
    const modelled = total(coresOf(costs, simulatedNodes))
    const lines = [
      ['cores, by the model', number(modelled)],
      ['cores, measured', number(simulated.cores)],
      ['answer, ms: median, p99', `${number(simulated.median)}, ${number(simulated.p99)}`],
      ['not answered', `${simulated.failures}`],
      ['MiB of memory of PostgreSQL', number(simulated.memory / 1024)],
    ]
    return [
      head,
      ofUsers,
      costsTable(costs),
      `Nodes with ${usersPerNode} users each, ${busyPerNode} of them busy: cores of PostgreSQL`,
      sizesTable(costs),
      `${simulatedNodes} such nodes, simulated for ${simulatedSeconds} s`,
      markdown([''], lines),
    ].join('\n\n')
  } finally {
    await server.stop()
  }
}

function command(users: number): string {
  return `make bench BENCH='--fleet${users === 1_000_000 ? '' : ` --users ${users}`}'`
}

async function usersTable(server: PostgresServer, database: string, tell: (text: string) => void): Promise<string> {
  tell('a node')
  const node = await measureNode(['--store', server.place(database), '--node', 'bench'])
  tell('a node with a store of its own')
  const own = await measureEmbedded()
  const trip = await roundTrip(server, database)
  const over = { median: node.quick.median - trip.median, p99: node.quick.p99 - trip.p99 }
  const rows = (name: string, of: (figures: NodeFigures) => string, aim = '') => [name, of(node), of(own), aim]
  return markdown(
    ['this store', 'its own, 500 users', 'aim'],
    [
      rows('start until it serves, ms', ({ start }) => number(start), `${startAim}`),
      rows('memory, MiB', ({ memory }) => number(memory / 1024)),
      rows('first login, without scrypt, ms: median, p99', ({ quick }) => both(quick)),
      ["the store's own round trip", both(trip), '', ''],
      ['first login over that', both(over), '', `${loginAim} at the median`],
      rows('login again', ({ again }) => both(again)),
      rows('first login, with scrypt', ({ first }) => both(first)),
      rows('login of nobody, with scrypt', ({ unknown }) => both(unknown)),
    ],
  )
}

function costsTable(costs: ReadonlyMap<Work, WorkCost>): string {
  const rows = [...costs].flatMap(([work, { one, many }]) => {
    const line = (name: string, rows: number, { perSecond, cpuEach, loggedEach }: WorkCost['one']) => [
      name,
      number(perSecond),
      rows > 0 ? number(perSecond * rows) : '',
      number(cpuEach * 1000),
      rows > 0 ? number((cpuEach * 1000) / rows) : '',
      number(loggedEach / 1024),
    ]
    const first = line(work.name, many ? 1 : 0, one)
    return many ? [first, line(`${work.name}, of ${manyRows} rows`, manyRows, many)] : [first]
  })
  return markdown(['a second', 'rows a second', 'CPU-s a 1,000', 'CPU-s a 1,000 rows', 'KiB of log each'], rows)
}

function sizesTable(costs: ReadonlyMap<Work, WorkCost>): string {
  const bySize = sizes.map((nodes) => coresOf(costs, nodes))
  const rows = [...costs.keys()].map((work) => [work.name, ...bySize.map((cores) => number(cores.get(work)))])
  return markdown(
    sizes.map((nodes) => `${nodes} nodes`),
    [
      ...rows,
      ['all', ...bySize.map((cores) => number(total(cores)))],
      ['MB of log a second', ...sizes.map((nodes) => number(loggedPerSecond(costs, nodes) / 1e6))],
    ],
  )
}

function loggedPerSecond(costs: ReadonlyMap<Work, WorkCost>, nodes: number): number {
  const bytes = [...costs].map(([work, { one, many }]) => {
    const once = many ? (many.loggedEach * work.rows) / manyRows : one.loggedEach
    // What counts only reads.
    return work.growsWith ? 0 : once * work.perSecond(nodes) * nodes
  })
  return bytes.reduce((sum, each) => sum + each, 0)
}

function total(cores: ReadonlyMap<Work, number>): number {
  return [...cores.values()].reduce((sum, one) => sum + one, 0)
}

function both({ median, p99 }: Times): string {
  return `${number(median)}, ${number(p99)}`
}
