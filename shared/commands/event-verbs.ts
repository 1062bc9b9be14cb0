import { eventFields } from '../filter/event-fields.ts'
import { formatTime } from '../format/time.ts'
import { limits } from '../protocol/limits.ts'
import type { EventEntry } from '../protocol/methods.ts'
import type { Context } from './context.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { readMoment } from './moments.ts'
import { readCount } from './usage.ts'
import { type Outcome, verb } from './verb.ts'

/** Events told without `--last`, and the most that the daemon gives. */
const usual = 100
const most = limits.page

interface Wish {
  readonly filter: string
  readonly since?: number
}

/** What happened that somebody may have to know. */
export const eventVerbs = {
  events: verb({
    arguments: '[WORD...]',
    role: 'operator',
    flags: {
      since: { value: 'TIME', summary: 'from then on: how long ago, such as 2h or 30d, or a date, or 18:00' },
      last: { value: 'N', summary: `the newest N of them, at most ${most}; default: ${usual}, with --since ${most}` },
      follow: 'go on with what happens, until interrupted; with --json a line for each',
    },
    summary: 'tell who failed to log in, was refused or banned',
    words: filterWords,
    prepare: (words, flags) => {
      const since = flags.get('since')
      const wish = {
        filter: readFilter(eventFields, words).text,
        ...(since !== undefined && { since: readMoment(since, 'TIME') }),
      }
      const last = readCount(flags.get('last') ?? String(since === undefined ? usual : most), 0, most)
      return (context) => (flags.has('follow') ? follow(context, wish, last) : tellLast(context, wish, last))
    },
  }),
}

async function tellLast({ call }: Context, wish: Wish, last: number): Promise<Outcome> {
  // The daemon gives one at least.
  const { events } = await call('events.list', { ...wish, limit: Math.max(1, last) })
  const told = events.slice(events.length - Math.min(last, events.length))
  return { data: told, view: { heading: ['TIME', 'LEVEL', 'EVENT', 'SOURCE', 'WHAT'], rows: told.map(cellsOf) } }
}

async function* follow(
  { call, events }: Context,
  { filter, since = 0 }: Wish,
  history: number,
): AsyncGenerator<Outcome> {
  const batches = await events('events.entries')
  const before = await call('events.subscribe', { filter, history })
  yield* before.events.filter(({ time }) => time >= since).map(lineOf)
  for await (const { events, missed } of batches) {
    if (missed > 0) yield { data: { missed }, view: `(${missed} events are missing: they come faster than this reads)` }
    yield* events.map(lineOf)
  }
}

function cellsOf({ time, level, kind, source, text, count }: EventEntry): string[] {
  return [formatTime(time), level, kind, source ?? '-', count > 1 ? `${text} (${count} times)` : text]
}

function lineOf(event: EventEntry): Outcome {
  return { data: event, view: cellsOf(event).join('  ') }
}
