import { RpcError } from '../../../shared/protocol/errors.ts'
import { limits } from '../../../shared/protocol/limits.ts'
import type { Connection } from '../../../shared/protocol/methods.ts'

interface PageRequest {
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
}

interface Page<Row> {
  readonly rows: Row[]
  /** Names the last row, so that what comes and goes meanwhile neither repeats nor hides the others. */
  readonly next?: string
}

export function pageOfConnections(connections: readonly Connection[], request: PageRequest): Page<Connection> {
  return cut(connections, request, connectionAfter, ({ opened, id }) => `${opened} ${id}`)
}

function cut<Row>(
  rows: readonly Row[],
  { cursor, limit = limits.page }: PageRequest,
  indexAfter: (rows: readonly Row[], cursor: string) => number,
  cursorOf: (row: Row) => string,
): Page<Row> {
  const start = cursor === undefined ? 0 : indexAfter(rows, cursor)
  if (start < 0) return { rows: [] }
  const page = rows.slice(start, start + limit)
  const last = page.at(-1)
  const isEnd = last === undefined || start + limit >= rows.length
  return isEnd ? { rows: page } : { rows: page, next: cursorOf(last) }
}

/** Where the named connection has ended, those of the same millisecond come again rather than never. */
function connectionAfter(connections: readonly Connection[], cursor: string): number {
  const [opened, id] = cursor.split(' ')
  if (!Number.isFinite(Number(opened)) || id === undefined) throw new RpcError('invalid_params', 'no such cursor')
  const at = connections.findIndex((row) => row.id === id)
  if (at < 0) return connections.findIndex((row) => row.opened >= Number(opened))
  return at + 1
}
