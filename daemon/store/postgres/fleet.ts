import type { FleetStore, StoredChange, StoredNode } from '../store.ts'
import type { Connections } from './connections.ts'
import { postgresLeases } from './leases.ts'

/** Changes that are read at once. */
const page = 1_000

/** What the nodes of a fleet tell each other, in tables of PostgreSQL. */
export function postgresFleet(connections: Connections, node: string): FleetStore {
  const { ask } = connections
  return {
    node,
    leases: postgresLeases(connections, node),
    async lastChange() {
      const [{ last }] = await ask<{ last: number }>('SELECT coalesce(max(seq), 0) AS last FROM proxyd.change')
      return last
    },
    changesSince: (seq) =>
      ask<StoredChange>(`SELECT seq, kind, key, node FROM proxyd.change WHERE seq > $1 ORDER BY seq LIMIT ${page}`, [
        seq,
      ]),
    async beat(told) {
      await ask(
        `INSERT INTO proxyd.nodes (name, told, heard) VALUES ($1, $2, clock_timestamp())
        ON CONFLICT (name) DO UPDATE SET told = excluded.told, heard = excluded.heard`,
        [told.name, JSON.stringify(told)],
      )
    },
    async nodes() {
      const rows = await ask<{ told: string; age: number }>(
        `SELECT told, floor(extract(epoch FROM clock_timestamp() - heard) * 1000)::bigint AS age
        FROM proxyd.nodes ORDER BY name`,
      )
      return rows.map(({ told, age }) => ({ ...(JSON.parse(told) as StoredNode), age: Math.max(0, age) }))
    },
    async forget(name) {
      await ask('DELETE FROM proxyd.nodes WHERE name = $1', [name])
    },
  }
}
