import { formatBytes } from '../format/bytes.ts'
import { counted } from '../format/count.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import { formatLimit } from '../limits.ts'
import { limits } from '../protocol/limits.ts'
import type { ClosedConnection, Connection, Result } from '../protocol/methods.ts'
import { everyPage } from './context.ts'
import { readCount } from './usage.ts'
import { type Known, type Table, verb } from './verb.ts'

/** Closed connections told without `--limit`. */
const usual = 100

/** Whose rate paces a connection, as people say it. */
export const paces = { user: 'its user', source: 'its source', everybody: 'everybody together' } as const

/** Connections named before several are cut. */
const named = 3

/** Connections: those there are, and what became of those that were. */
export const connectionVerbs = {
  connections: verb({
    arguments: '[WORD...]',
    role: 'operator',
    summary: 'list live connections; only rows that have every WORD',
    prepare:
      (words) =>
      async ({ call }) => {
        const all = (await everyPage((from) => call('connections.list', from))).flatMap((page) => page.connections)
        const now = Date.now()
        const shown = all
          .map((connection) => ({ connection, cells: cellsOf(connection, now) }))
          .filter(({ cells }) => hasAll(cells, words))
        return {
          data: shown.map(({ connection }) => connection),
          view: { heading, right: [5, 6, 7], rows: shown.map(({ cells }) => cells) },
        }
      },
  }),
  kill: verb({
    arguments: 'ID...',
    takes: ['connection'],
    role: 'operator',
    summary: 'cut connections by id',
    ask: (ids, _, known) => {
      const [one] = ids.length === 1 ? ids.map((id) => known.connection(id)) : []
      if (one) {
        const { client, destination, user } = one
        const facts = [
          `from ${client}`,
          `to ${destination ?? 'nowhere yet'}`,
          user === null ? 'without login' : `of ${user}`,
        ]
        return { question: 'Cut this connection?', facts, yes: 'Cut' }
      }
      const all = known.connections === null ? '' : ` of ${counted(known.connections, 'connection')}`
      return { question: `Cut ${ids.length}${all}?`, facts: nameSome(ids, known), yes: `Cut ${ids.length}` }
    },
    prepare:
      (ids) =>
      async ({ call }) => {
        const killed: string[] = []
        const missing: string[] = []
        for (let at = 0; at < ids.length; at += limits.page) {
          const result = await call('connections.kill', { ids: ids.slice(at, at + limits.page) })
          killed.push(...result.killed)
          missing.push(...result.missing)
        }
        return {
          data: { killed, missing },
          view: killed.length > 0 ? `killed ${killed.join(' ')}` : '',
          told: cutAndMissing(killed.length, missing.length),
          ...(missing.length > 0 && { problem: `no such connection, it may have ended: ${missing.join(' ')}` }),
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

function cutAndMissing(cut: number, missing: number): string {
  const gone = missing > 0 ? `${counted(missing, 'connection')} had ended before` : ''
  return [cut > 0 || missing === 0 ? `cut ${counted(cut, 'connection')}` : '', gone].filter(Boolean).join(', ')
}

/** The first few of them, and how many more there are. */
function nameSome(ids: readonly string[], known: Known): string[] {
  const some = ids.slice(0, named).map((id) => {
    const row = known.connection(id)
    return row ? `${row.client} to ${row.destination ?? 'nowhere yet'}` : `connection ${id}`
  })
  return ids.length > named ? [...some, `and ${ids.length - named} more`] : some
}

const heading = ['ID', 'STATE', 'USER', 'CLIENT', 'DESTINATION', 'AGE', 'UP', 'DOWN']

function cellsOf(connection: Connection, now: number): string[] {
  return [
    connection.id,
    connection.paced ? `${connection.state} paced:${connection.paced}` : connection.state,
    connection.user ?? '-',
    connection.client,
    connection.destination ?? '-',
    formatDuration(now - connection.opened),
    formatBytes(connection.up),
    formatBytes(connection.down),
  ]
}

function hasAll(cells: readonly string[], words: readonly string[]): boolean {
  const row = cells.join(' ').toLowerCase()
  return words.every((word) => row.includes(word.toLowerCase()))
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

/** `by the rate of its source: down 5MB/s`. A rate both ways or one. */
export function paceText(by: NonNullable<Connection['paced']>, pace: Result<'connections.get'>['pace']): string {
  const rates = (['down', 'up'] as const).flatMap((way) =>
    pace && pace[way] > 0 ? [`${way} ${formatLimit(`rate-${way}`, pace[way])}`] : [],
  )
  return `by the rate of ${paces[by]}${rates.length > 0 ? `: ${rates.join(', ')}` : ''}`
}

function detailsTable({ connection, end, timeline, limits, pace }: Result<'connections.get'>, now: number): Table {
  const { opened } = connection
  const after = (moment: number) => `${Math.round(moment - opened)} ms after it was opened`
  return {
    rows: [
      ['id', connection.id],
      ['user', connection.user ?? '-'],
      ['client', connection.client],
      ['destination', connection.destination ?? '-'],
      ['address', connection.address ?? '-'],
      ...(connection.rule === undefined ? [] : [['rule', String(connection.rule)]]),
      ...(connection.paced ? [['paced', paceText(connection.paced, pace)]] : []),
      ...(connection.waited ? [['waited', `${Math.round(connection.waited)} ms for a rate`]] : []),
      ...(connection.dropped ? [['dropped', counted(connection.dropped, 'datagram')]] : []),
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
