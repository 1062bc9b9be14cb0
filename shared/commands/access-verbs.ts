import { accessFields, destinationOf, whoIn } from '../filter/access-fields.ts'
import { formatBytes } from '../format/bytes.ts'
import { commandText } from '../format/command-text.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import { limits } from '../protocol/limits.ts'
import type { AccessEntry } from '../protocol/methods.ts'
import { type Context, lastEntries } from './context.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { readMoment } from './moments.ts'
import { readCount } from './usage.ts'
import { type Outcome, verb } from './verb.ts'

/** Entries told without `--last` and `--since`, the most that can be asked for, and that the daemon gives at once. */
const usual = 100
const most = 100_000
const atOnce = limits.page

/** What became of connections. */
export const accessVerbs = {
  access: verb({
    arguments: '[WORD...]',
    role: 'operator',
    flags: {
      since: { value: 'TIME', summary: 'from then on: how long ago, such as 2h or 30d, or a date, or 18:00' },
      last: { value: 'N', summary: `the newest N of them, at most ${most}; default: ${usual}, with --since all` },
      follow: `go on with what comes, until interrupted, after at most ${atOnce} from before; with --json a line for each`,
    },
    summary: 'tell what became of connections, or follow that',
    words: filterWords,
    prepare: (words, flags) => {
      const since = flags.get('since')
      const wish = {
        filter: readFilter(accessFields, words).text,
        ...(since !== undefined && { since: readMoment(since, 'TIME') }),
      }
      const unless = String(since === undefined ? usual : flags.has('follow') ? atOnce : most)
      const last = readCount(flags.get('last') ?? unless, 0, flags.has('follow') ? atOnce : most)
      return (context) => (flags.has('follow') ? follow(context, wish, last) : tellLast(context, wish, last))
    },
  }),
}

interface Wish {
  readonly filter: string
  readonly since?: number
}

async function tellLast({ call }: Context, wish: Wish, last: number): Promise<Outcome> {
  const entries = await lastEntries((from) => call('access.list', { ...wish, ...from }), last)
  return { data: entries, view: { heading, right: [7, 8, 9], rows: entries.map(cellsOf) } }
}

async function* follow(
  { call, events }: Context,
  { filter, since = 0 }: Wish,
  history: number,
): AsyncGenerator<Outcome> {
  const batches = await events('access.entries')
  const { entries } = await call('access.subscribe', { filter, history })
  yield* entries.filter(({ ts }) => ts >= since).map(lineOf)
  for await (const { entries, missed } of batches) {
    if (missed > 0)
      yield { data: { missed }, view: `(${missed} entries are missing: they come faster than this reads)` }
    yield* entries.map(lineOf)
  }
}

const heading = ['TIME', 'ID', 'EVENT', 'USER', 'SOURCE', 'CMD', 'DESTINATION', 'LASTED', 'DOWN', 'UP', 'RESULT']

function cellsOf(entry: AccessEntry): string[] {
  return [
    formatTime(entry.ts),
    entry.id,
    entry.event,
    whoIn(entry),
    entry.source ?? '-',
    commandText(entry.cmd, entry.protocol),
    destinationOf(entry) || '-',
    formatDuration(entry.duration),
    formatBytes(entry.down),
    formatBytes(entry.up),
    entry.reason === null ? entry.result : `${entry.result}: ${entry.reason}`,
  ]
}

function lineOf(entry: AccessEntry): Outcome {
  return { data: entry, view: cellsOf(entry).join('  ') }
}
