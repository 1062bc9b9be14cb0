import type { Table } from './connections.ts'
import { rememberLast } from './remember-last.ts'
import { rates, still, type UpDown } from './traffic.ts'

/** Where live connections go to, and what moves there. */
export interface Destination extends UpDown {
  /** As the clients asked for it. */
  readonly destination: string
  readonly connections: number
}

/** By bytes moved a second, then by connections: the greatest first. Not worked out again while the tables are the same. */
export const busiestDestinations = rememberLast((now: Table, before: Table): Destination[] => {
  const span = now.at - before.at
  const all = new Map<string, { up: number; down: number; connections: number }>()
  for (const connection of now.rows.values()) {
    if (connection.destination === null) continue
    const sum = all.get(connection.destination) ?? { up: 0, down: 0, connections: 0 }
    const { up, down } = rates(before.rows.get(connection.id) ?? (span > 0 ? still : connection), connection, span)
    sum.up += up
    sum.down += down
    sum.connections += 1
    all.set(connection.destination, sum)
  }
  return [...all]
    .map(([destination, sum]) => ({ destination, ...sum }))
    .sort((a, b) => b.up + b.down - a.up - a.down || b.connections - a.connections)
})
