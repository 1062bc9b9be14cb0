import { whoIn } from '../filter/access-fields.ts'
import { type ConnectionRow, closedFields, connectionFields } from '../filter/connection-fields.ts'
import { formatBytes } from '../format/bytes.ts'
import { counted } from '../format/count.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import { formatLimit } from '../limits.ts'
import { limits } from '../protocol/limits.ts'
import type { ClosedConnection, Connection, Result } from '../protocol/methods.ts'
import { formatSpan } from '../span.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { liveConnections } from './rates.ts'
import { readCount } from './usage.ts'
import { type Table, verb } from './verb.ts'

/** Closed connections told without `--last`. */
const usual = 100

/** Whose rate paces a connection, as people say it. */
export const paces: Readonly<Record<string, string>> = {
  user: 'its user',
  source: 'its source',
  everybody: 'everybody together',
}

/** Connections: those there are, and what became of those that were. */
export const connectionVerbs = {
  connections: verb({
    arguments: '[WORD...]',
    role: 'operator',
    summary: 'list live connections that match a filter',
    words: filterWords,
    prepare: (words) => {
      const { matches, asks } = readFilter(connectionFields, words)
      return async (context) => {
        const shown = (await liveConnections(context, asks)).filter(matches)
        return {
          data: shown.map(({ connection }) => connection),
          view: { heading, right: [5, 6, 7], rows: shown.map(cellsOf) },
        }
      }
    },
  }),
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
    arguments: '[WORD...]',
    role: 'operator',
    flags: {
      last: { value: 'N', summary: `the newest N that match, at most ${limits.page}; default: ${usual}` },
      limit: { value: 'N', summary: 'the same, as it was called before' },
    },
    summary: 'list connections that ended, newest first, and why',
    words: filterWords,
    prepare: (words, flags) => {
      const { matches } = readFilter(closedFields, words)
      const last = readCount(flags.get('last') ?? flags.get('limit') ?? String(usual), 1, limits.page)
      return async ({ call }) => {
        // Those that match may be the oldest that the daemon remembers.
        const limit = words.length > 0 ? limits.page : last
        const { connections } = await call('connections.closed', { limit })
        const shown = connections.filter((connection) => matches({ connection })).slice(0, last)
        return { data: shown, view: closedTable(shown) }
      }
    },
  }),
}

const heading = ['ID', 'STATE', 'USER', 'CLIENT', 'DESTINATION', 'AGE', 'DOWN', 'UP']

function cellsOf({ connection, age }: Omit<ConnectionRow, 'idle'>): string[] {
  return [
    connection.id,
    connection.paced ? `${connection.state} paced:${connection.paced}` : connection.state,
    whoIn(connection),
    connection.client,
    connection.destination ?? '-',
    formatDuration(age),
    formatBytes(connection.down),
    formatBytes(connection.up),
  ]
}

function closedTable(connections: readonly ClosedConnection[]): Table {
  return {
    heading: ['ENDED', 'ID', 'REASON', 'USER', 'CLIENT', 'DESTINATION', 'LASTED', 'DOWN', 'UP'],
    right: [6, 7, 8],
    rows: connections.map((row) => [
      formatTime(row.ended),
      row.id,
      row.reason,
      whoIn(row),
      row.client,
      row.destination ?? '-',
      formatDuration(row.ended - row.opened),
      formatBytes(row.down),
      formatBytes(row.up),
    ]),
  }
}

/** `by the rate of its source: down 5MB/s`. A rate both ways or one. */
export function paceText(by: NonNullable<Connection['paced']>, pace: Result<'connections.get'>['pace']): string {
  const rates = (['down', 'up'] as const).flatMap((way) =>
    pace && pace[way] > 0 ? [`${way} ${formatLimit(`rate-${way}`, pace[way])}`] : [],
  )
  return `by the rate of ${paces[by] ?? by}${rates.length > 0 ? `: ${rates.join(', ')}` : ''}`
}

function detailsTable({ connection, end, timeline, limits, pace }: Result<'connections.get'>, now: number): Table {
  const { opened } = connection
  const after = (moment: number) => `${Math.round(moment - opened)} ms after it was opened`
  return {
    rows: [
      ['id', connection.id],
      ['user', whoIn(connection)],
      ['client', connection.client],
      ['destination', connection.destination ?? '-'],
      ['address', connection.address ?? '-'],
      ...(connection.rule === undefined ? [] : [['rule', String(connection.rule)]]),
      ...(connection.paced ? [['paced', paceText(connection.paced, pace)]] : []),
      ...(connection.waited ? [['waited', `${Math.round(connection.waited)} ms for a rate`]] : []),
      ...(connection.dropped ? [['dropped', counted(connection.dropped, 'datagram')]] : []),
      ['down', formatBytes(connection.down)],
      ['up', formatBytes(connection.up)],
      ['opened', formatTime(opened)],
      ...timeline.map(({ state, since }) => [state, after(since)]),
      ...(end ? [['ended', `${after(end.time)}: ${end.reason}`]] : []),
      ['lasted', `${formatDuration((end?.time ?? now) - opened)}${end ? '' : ' until now'}`],
      ...limits.map(({ setting, value }) => ['limit', `${setting} ${formatSpan(value)}`]),
    ],
  }
}
