import { formatTime } from '../format/time.ts'
import type { LogEntry } from '../protocol/methods.ts'
import type { Context } from './context.ts'
import { oneOf, readCount } from './usage.ts'
import { type Outcome, verb } from './verb.ts'

/** Mildest first. */
const levels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogEntry['level'][]

/** Entries told without `--last`, and the most that the daemon gives at once. */
const usual = 100
const most = 1000

interface Wish {
  readonly level: LogEntry['level']
  readonly history: number
}

export const logVerbs = {
  log: verb({
    arguments: '',
    role: 'operator',
    flags: {
      level: { value: 'LEVEL', choices: levels, summary: `from this level on: ${levels.join(', ')}; default: info` },
      last: { value: 'N', summary: `how many lines from before now, at most ${most}; default: ${usual}` },
      follow: 'go on with what comes, until interrupted; with --json a line for each entry',
    },
    summary: "tell the daemon's last log entries, or follow its log",
    prepare: (_, flags) => {
      const wish = {
        level: oneOf(levels, flags.get('level') ?? 'info', 'LEVEL'),
        history: readCount(flags.get('last') ?? String(usual), 0, most),
      }
      return (context) => (flags.has('follow') ? follow(context, wish) : tellLast(context, wish))
    },
  }),
}

async function tellLast({ call }: Context, wish: Wish): Promise<Outcome> {
  const { entries } = await call('log.subscribe', wish)
  await call('log.unsubscribe', {})
  return { data: entries, view: { rows: entries.map(cellsOf) } }
}

async function* follow({ call, events }: Context, wish: Wish): AsyncGenerator<Outcome> {
  const batches = await events('log.entries')
  const { entries } = await call('log.subscribe', wish)
  yield* entries.map(lineOf)
  for await (const { entries, lost } of batches) {
    if (lost > 0) yield { data: { lost }, view: `(${lost} entries were lost: this reads more slowly than they come)` }
    yield* entries.map(lineOf)
  }
}

function lineOf(entry: LogEntry): Outcome {
  const [time, level = '', text] = cellsOf(entry)
  return { data: entry, view: [time, level.padEnd('error'.length), text].join('  ') }
}

/** Fields as `key=value`, quoted where they have spaces or quotes of their own. */
function cellsOf({ time, level, message, fields = {} }: LogEntry): string[] {
  const pairs = Object.entries(fields).map(
    ([key, value]) => `${key}=${/^[^\s"]+$/.test(value) ? value : JSON.stringify(value)}`,
  )
  return [formatTime(time), level, [message, ...pairs].join(' ')]
}
