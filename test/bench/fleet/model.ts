import type { SimulatedNode } from './work.ts'

/** What a node asks of the store, and what that costs there: so many nodes need so many cores of PostgreSQL. */

/** Users whom a node has, and those of them who have something open and moving at once. All have a quota and a rate. */
export const usersPerNode = 1_000
export const busyPerNode = 100

/** A kind of question to the store. */
export interface Work {
  readonly name: string
  /** How often a node asks it, in a fleet of so many: the periods are those of `daemon/fleet/`, `daemon/limits/` and `daemon/access/`. */
  perSecond(nodes: number): number
  /** Rows of each. */
  readonly rows: number
  /** Whether it costs more the more nodes or users there are; otherwise it costs as many rows. */
  readonly growsWith?: 'nodes' | 'users'
  run(node: SimulatedNode, rows: number): Promise<unknown>
}

/** Seconds between two asks for leases: those that end soon are asked for together. */
const leaseRound = 5
/** Seconds after which a lease is asked for anew, about. */
const renewal = 17.5
/** Times that a busy user is away from a node's memory and comes again, a second. */
const comesAnew = 1 / 600

export const works: readonly Work[] = [
  { name: 'probes for changes', rows: 0, perSecond: () => 1, run: (node) => node.probe() },
  { name: 'looks for orders', rows: 0, perSecond: () => 1, run: (node) => node.lookForOrders() },
  { name: 'heartbeats', rows: 0, perSecond: () => 1 / 5, run: (node) => node.beat() },
  {
    name: 'usage batches',
    rows: busyPerNode,
    perSecond: () => 1 / 10,
    run: (node, rows) => node.saveUsage(rows),
  },
  {
    name: 'asks for leases',
    rows: Math.round((busyPerNode * leaseRound) / renewal),
    perSecond: () => 1 / leaseRound,
    run: (node, rows) => node.refreshLeases(rows),
  },
  {
    name: 'users who come',
    rows: 0,
    perSecond: () => busyPerNode * comesAnew,
    run: (node) => node.fetchUser(Math.floor(Math.random() * usersPerNode)),
  },
  {
    name: 'lists of all nodes',
    rows: 0,
    growsWith: 'nodes',
    perSecond: (nodes) => 1 / (30 * Math.max(1, nodes / 100)),
    run: (node) => node.listNodes(),
  },
  {
    name: 'counts of all users',
    rows: 0,
    growsWith: 'users',
    perSecond: (nodes) => 1 / (600 * Math.max(1, (nodes * usersPerNode) / 1_000_000)),
    run: (node) => node.countUsers(),
  },
]

/** CPU seconds of PostgreSQL. */
export interface Cost {
  /** Of one question, and of each row. */
  readonly each: number
  readonly row: number
  /** How many nodes or users there were, for what grows with them. */
  readonly among: number
}

/** Cores that each kind of work takes of PostgreSQL in a fleet of so many nodes. */
export function coresOf(costs: ReadonlyMap<Work, Cost>, nodes: number): Map<Work, number> {
  return new Map(
    [...costs].map(([work, { each, row, among }]) => {
      const size = { nodes, users: nodes * usersPerNode }
      const once = work.growsWith ? (each * size[work.growsWith]) / among : each + row * work.rows
      return [work, once * work.perSecond(nodes) * nodes]
    }),
  )
}
