import type { Connection } from '../../../shared/protocol/methods.ts'
import type { ConnectionChange } from '../../client/index.ts'
import type { UpDown } from '../chart/resample.ts'
import { rememberLast } from './remember-last.ts'
import { rates, still } from './traffic.ts'

interface Row extends Connection {
  /** When it was seen to move a byte, or was first seen; milliseconds as a table's `at`. */
  readonly movedAt: number
}

/** The live connections as they were at a moment; never changed, so an old one can be kept by keeping it. */
export interface Table {
  readonly rows: ReadonlyMap<string, Row>
  /** Milliseconds since 1970 when the daemon told so, by this machine's clock. */
  readonly at: number
}

/** Two tables a moment apart: their difference gives the rates. */
export interface Motion {
  readonly now: Table
  readonly before: Table
}

export interface Connections extends Motion {
  /** The table that becomes `before` once it is old enough. */
  readonly mark: Table
  /** What a paused table shows. */
  readonly frozen: Motion | null
}

const nothing: Table = { rows: new Map(), at: 0 }
export const noConnections: Connections = { now: nothing, before: nothing, mark: nothing, frozen: null }

/** Rates are taken over one to two of these milliseconds. */
const window = 1000

/** The connections of a fresh snapshot; rates begin anew. */
export function replaceTable(connections: Connections, rows: readonly Connection[], at: number): Connections {
  const before = connections.now.rows
  const table = {
    rows: new Map(rows.map((row) => [row.id, { ...row, movedAt: before.get(row.id)?.movedAt ?? at }])),
    at,
  }
  return { ...connections, now: table, before: table, mark: table }
}

/** The connections after some changes, oldest first. */
export function changeTable(connections: Connections, changes: readonly ConnectionChange[], at: number): Connections {
  const rows = copyOf(connections.now.rows)
  for (const { changed, moved, closed } of changes) {
    for (const row of changed) rows.set(row.id, { ...row, movedAt: at })
    for (const [id, up, down] of moved) {
      const row = rows.get(id)
      if (row) rows.set(id, { ...row, up, down, movedAt: at })
    }
    for (const id of closed) rows.delete(id)
  }
  return advance(connections, { rows, at })
}

/** Without what `new Map(rows)` makes on its way: an array for each of thousands of rows, some times a second. */
function copyOf(rows: ReadonlyMap<string, Row>): Map<string, Row> {
  const copy = new Map<string, Row>()
  for (const row of rows.values()) copy.set(row.id, row)
  return copy
}

/** Nothing was heard for a while because nothing moved: rates fall to 0. */
export function standStill(connections: Connections, at: number): Connections {
  return at - connections.now.at < window ? connections : advance(connections, { ...connections.now, at })
}

/** Freeze what is shown, or show what is. */
export function togglePause(connections: Connections): Connections {
  const { now, before, frozen } = connections
  return { ...connections, frozen: frozen ? null : { now, before } }
}

function advance(connections: Connections, now: Table): Connections {
  const due = now.at - connections.mark.at >= window
  return {
    ...connections,
    now,
    before: due ? connections.mark : connections.before,
    mark: due ? now : connections.mark,
  }
}

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
