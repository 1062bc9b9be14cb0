import { whoIn } from '../filter/access-fields.ts'
import { type ConnectionRow, connectionFields } from '../filter/connection-fields.ts'
import { formatBytes } from '../format/bytes.ts'
import { counted } from '../format/count.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import { formatLimit } from '../limits.ts'
import { limits } from '../protocol/limits.ts'
import type { ClosedConnection, Connection, Result } from '../protocol/methods.ts'
import { formatSpan } from '../span.ts'
import { type Context, everyPage } from './context.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { readCount } from './usage.ts'
import { type Known, type Table, verb } from './verb.ts'

/** Closed connections told without `--last`. */
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
    summary: 'list live connections that match a filter',
    words: filterWords,
    prepare: (words) => {
      const { matches, asks } = readFilter(connectionFields, words)
      const asksRates = [...asks].some((field) => field.endsWith('rate'))
      return async ({ call }) => {
        const before = asksRates ? await lookAt(call) : null
        // A rate is what two looks differ by.
        if (before) await new Promise((resolve) => setTimeout(resolve, 1000))
        const now = await lookAt(call)
        const shown = rowsOf(now, before ?? now).filter(matches)
        return {
          data: shown.map(({ connection }) => connection),
          view: { heading, right: [5, 6, 7], rows: shown.map(cellsOf) },
        }
      }
    },
  }),
  kill: verb({
    arguments: 'ID...',
    takes: ['connection'],
    role: 'operator',
    logged: true,
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
          view: killed.length > 0 ? `cut ${killed.join(' ')}` : '',
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
      last: { value: 'N', summary: `the newest N of them, at most ${limits.page}; default: ${usual}` },
      limit: { value: 'N', summary: 'the same, as it was called before' },
    },
    summary: 'list connections that ended, newest first, and why',
    prepare: (_, flags) => {
      const limit = readCount(flags.get('last') ?? flags.get('limit') ?? String(usual), 1, limits.page)
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

/** The live connections at a moment. */
interface Look {
  readonly at: number
  readonly connections: readonly Connection[]
}

async function lookAt(call: Context['call']): Promise<Look> {
  const pages = await everyPage((from) => call('connections.list', from))
  return { at: Date.now(), connections: pages.flatMap((page) => page.connections) }
}

type Row = Omit<ConnectionRow, 'idle'>

function rowsOf(now: Look, before: Look): Row[] {
  const earlier = new Map(before.connections.map((connection) => [connection.id, connection]))
  const seconds = Math.max(now.at - before.at, 1) / 1000
  return now.connections.map((connection) => {
    const { up, down } = now === before ? connection : (earlier.get(connection.id) ?? { up: 0, down: 0 })
    const rate = { up: (connection.up - up) / seconds, down: (connection.down - down) / seconds }
    return { connection, rate, age: now.at - connection.opened }
  })
}

const heading = ['ID', 'STATE', 'USER', 'CLIENT', 'DESTINATION', 'AGE', 'DOWN', 'UP']

function cellsOf({ connection, age }: Row): string[] {
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
  return `by the rate of ${paces[by]}${rates.length > 0 ? `: ${rates.join(', ')}` : ''}`
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
