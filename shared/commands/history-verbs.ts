import { formatBytes } from '../format/bytes.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import { limits } from '../protocol/limits.ts'
import type { ClosedConnection, Result } from '../protocol/methods.ts'
import { readCount } from './read-count.ts'
import { type Table, verb } from './verb.ts'

/** Closed connections told without `--limit`. */
const usual = 100

/** What became of connections. */
export const historyVerbs = {
  connection: verb({
    arguments: 'ID',
    takes: ['connection'],
    role: 'operator',
    summary: 'tell all about one connection, live or recently closed',
    hints: { not_found: "list those there are with 'connections', those that ended last with 'closed'" },
    prepare:
      ([id]) =>
      async ({ call }) => {
        const details = await call('connections.get', { id })
        return { data: details, view: detailsTable(details, Date.now()) }
      },
  }),
  closed: verb({
    arguments: '',
    role: 'operator',
    flags: {
      limit: { value: 'N', summary: `how many, at most ${limits.page}; default: ${usual}` },
    },
    summary: 'list connections that ended, newest first, and why',
    prepare: (_, flags) => {
      const limit = readCount(flags.get('limit') ?? String(usual), 1, limits.page)
      return async ({ call }) => {
        const { connections } = await call('connections.closed', { limit })
        return { data: connections, view: closedTable(connections) }
      }
    },
  }),
}

function closedTable(connections: readonly ClosedConnection[]): Table {
  return {
    heading: ['ENDED', 'ID', 'REASON', 'USER', 'CLIENT', 'DESTINATION', 'LASTED', 'UP', 'DOWN'],
    right: [6, 7, 8],
    rows: connections.map((row) => [
      formatTime(row.ended),
      row.id,
      row.reason,
      row.user ?? '-',
      row.client,
      row.destination ?? '-',
      formatDuration(row.ended - row.opened),
      formatBytes(row.up),
      formatBytes(row.down),
    ]),
  }
}

function detailsTable({ connection, end, timeline, limits }: Result<'connections.get'>, now: number): Table {
  const { opened } = connection
  const after = (moment: number) => `${Math.round(moment - opened)} ms after it was opened`
  return {
    rows: [
      ['id', connection.id],
      ['user', connection.user ?? '-'],
      ['client', connection.client],
      ['destination', connection.destination ?? '-'],
      ['address', connection.address ?? '-'],
      ['up', formatBytes(connection.up)],
      ['down', formatBytes(connection.down)],
      ['opened', formatTime(opened)],
      ...timeline.map(({ state, since }) => [state, after(since)]),
      ...(end ? [['ended', `${after(end.time)}: ${end.reason}`]] : []),
      ['lasted', `${formatDuration((end?.time ?? now) - opened)}${end ? '' : ' until now'}`],
      ...limits.map(({ setting, value }) => ['limit', `${setting} ${value} ms`]),
    ],
  }
}
