import { banFields, banReason } from '../filter/management-fields.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import type { Ban } from '../protocol/methods.ts'
import { damagedBans } from '../protocol/vocabulary.ts'
import { everyPage } from './context.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { readSeconds } from './moments.ts'
import { unlessStored } from './new-password.ts'
import { type Table, verb } from './verb.ts'

export const banVerbs = {
  bans: verb({
    arguments: '[WORD...]',
    role: 'operator',
    summary: 'list who is kept out, until when, and why',
    words: filterWords,
    prepare: (words) => {
      const { matches } = readFilter(banFields, words)
      return async ({ call }) => {
        const bans = (await everyPage((from) => call('bans.list', from))).flatMap((page) => page.bans.filter(matches))
        return { data: bans, view: tableOf(bans) }
      }
    },
  }),
  ban: verb({
    arguments: 'ADDR [TIME]',
    role: 'operator',
    logged: true,
    summary: 'keep a source out: for 90s, 10m, 2h, 7d, or until unban',
    ask: ([source, time]) => ({
      question: `Keep ${source} out ${time === undefined ? 'until somebody lifts it' : `for ${time}`}?`,
      facts: ['Its new connections are reset at once; those that are live stay.'],
      yes: 'Ban',
    }),
    prepare: ([source, time]) => {
      const seconds = time === undefined ? undefined : readSeconds(time, 'TIME')
      return async ({ call }) => {
        const { ban, stored } = await call('bans.add', { source, ...(seconds !== undefined && { seconds }) })
        return {
          data: { ...ban, stored },
          view: `banned ${ban.source} ${ban.until === null ? "until 'unban'" : `until ${formatTime(ban.until)}`}`,
          undo: { verb: 'unban', values: [ban.source] },
          ...unlessStored({ stored }),
        }
      }
    },
  }),
  unban: verb({
    arguments: `ADDR|${damagedBans}`,
    role: 'operator',
    logged: true,
    summary: 'let a source in again, and forget what it did',
    hints: { not_found: "list the bans with 'bans'" },
    prepare:
      ([source]) =>
      async ({ call }) => {
        const { lifted, stored } = await call('bans.remove', { source })
        const [only, ...others] = lifted
        return {
          data: { lifted, stored },
          view:
            source === damagedBans
              ? 'forgot the stored bans that could not be read'
              : `lifted the ban of ${lifted.map((ban) => ban.source).join(' and ')}`,
          ...(only && others.length === 0 && { undo: { verb: 'ban', values: againOf(only) } }),
          ...unlessStored({ stored }),
        }
      },
  }),
}

/** What `ban` takes to have this one again. */
function againOf({ source, until }: Ban): string[] {
  return until === null ? [source] : [source, `${Math.max(1, Math.round((until - Date.now()) / 1000))}s`]
}

function tableOf(bans: readonly Ban[]): Table {
  const now = Date.now()
  return {
    heading: ['SOURCE', 'LEFT', 'UNTIL', 'REASON', 'BY', 'SINCE'],
    rows: bans.map((ban) => [
      ban.source,
      ban.until === null ? '-' : formatDuration(ban.until - now),
      ban.until === null ? 'unban' : formatTime(ban.until),
      banReason(ban),
      ban.by ?? '-',
      formatTime(ban.since),
    ]),
  }
}
