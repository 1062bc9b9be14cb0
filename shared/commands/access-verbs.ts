import { formatBytes } from '../format/bytes.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import type { AccessEntry } from '../protocol/methods.ts'
import type { Context } from './context.ts'
import { readCount } from './usage.ts'
import { type Outcome, verb } from './verb.ts'

/** Entries told without `--last`, and the most that the daemon gives at once. */
const usual = 100
const most = 500

/** What became of connections. */
export const accessVerbs = {
  access: verb({
    arguments: '',
    role: 'operator',
    flags: {
      last: { value: 'N', summary: `how many entries from before now, at most ${most}; default: ${usual}` },
      follow: 'go on with what comes, until interrupted; with --json a line for each entry',
    },
    summary: 'tell what became of connections, or follow that',
    prepare: (_, flags) => {
      const last = readCount(flags.get('last') ?? String(usual), 1, most)
      return (context) => (flags.has('follow') ? follow(context, last) : tellLast(context, last))
    },
  }),
}

async function tellLast({ call }: Context, limit: number): Promise<Outcome> {
  const entries = (await call('access.list', { limit })).entries.toReversed()
  return { data: entries, view: { heading, right: [7, 8, 9], rows: entries.map(cellsOf) } }
}

async function* follow({ call, events }: Context, history: number): AsyncGenerator<Outcome> {
  const batches = await events('access.entries')
  const { entries } = await call('access.subscribe', { history })
  yield* entries.map(lineOf)
  for await (const { entries, missed } of batches) {
    if (missed > 0)
      yield { data: { missed }, view: `(${missed} entries are missing: they come faster than this reads)` }
    yield* entries.map(lineOf)
  }
}

const heading = ['TIME', 'ID', 'EVENT', 'USER', 'SOURCE', 'CMD', 'DESTINATION', 'LASTED', 'UP', 'DOWN', 'RESULT']

function cellsOf(entry: AccessEntry): string[] {
  return [
    formatTime(entry.ts),
    entry.id,
    entry.event,
    entry.user ?? '-',
    entry.source ?? '-',
    entry.cmd ?? '-',
    destinationOf(entry),
    formatDuration(entry.duration),
    formatBytes(entry.up),
    formatBytes(entry.down),
    entry.reason === null ? entry.result : `${entry.result}: ${entry.reason}`,
  ]
}

function destinationOf({ name, address, port }: AccessEntry): string {
  if (port === null) return '-'
  const host = name ?? address ?? '-'
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function lineOf(entry: AccessEntry): Outcome {
  return { data: entry, view: cellsOf(entry).join('  ') }
}
