import { formatBytes } from '../format/bytes.ts'
import { counted } from '../format/count.ts'
import { csvLine } from '../format/csv.ts'
import { formatUtc } from '../format/time.ts'
import type { UsageRow } from '../protocol/methods.ts'
import { usageKinds } from '../protocol/vocabulary.ts'
import { everyPage } from './context.ts'
import { readMoment } from './moments.ts'
import { oneOf } from './usage.ts'
import { type Table, verb } from './verb.ts'

export const usageVerbs = {
  usage: verb({
    arguments: '[USER]',
    takes: ['user'],
    role: 'operator',
    flags: {
      since: {
        value: 'TIME',
        summary: 'from then on: how long ago, such as 2h or 30d, or a date, of UTC; default: a day ago',
      },
      until: { value: 'TIME', summary: 'before then' },
      by: {
        value: 'WHAT',
        choices: usageKinds,
        summary: 'add up by hour, day, user or group; default: user, of a user hour',
      },
      csv: 'as lines with commas between the fields, bytes and times in full',
      to: { value: 'FILE', summary: 'write those lines into a new file' },
    },
    summary: 'tell who has moved how much, and when',
    prepare: ([user], flags) => {
      const by = oneOf(usageKinds, flags.get('by') ?? (user === undefined ? 'user' : 'hour'), 'WHAT')
      const moment = (flag: string) => {
        const text = flags.get(flag)
        return text === undefined ? {} : { [flag]: readMoment(text, 'TIME', { zone: 'UTC' }) }
      }
      const wish = { by, ...(user !== undefined && { user }), ...moment('since'), ...moment('until') }
      const file = flags.get('to')
      return async ({ call, writeText }) => {
        const pages = await everyPage((from) => call('usage.list', { ...wish, ...from }))
        const usage = pages.flatMap((page) => page.usage)
        if (file !== undefined) {
          await writeText(
            file,
            csvOf(usage, by)
              .map((line) => `${line}\r\n`)
              .join(''),
          )
          return { data: { file, rows: usage.length }, view: `wrote ${file}: ${counted(usage.length, 'row')}` }
        }
        return {
          data: usage,
          view: flags.has('csv') ? { rows: csvOf(usage, by).map((line) => [line]) } : tableOf(usage, by),
        }
      }
    },
  }),
}

type By = (typeof usageKinds)[number]

function tableOf(usage: readonly UsageRow[], by: By): Table {
  return {
    heading: [by.toUpperCase(), 'DOWN', 'UP', 'CONNECTIONS'],
    right: [1, 2, 3],
    rows: usage.map((row) => [nameOfUsage(row), formatBytes(row.down), formatBytes(row.up), String(row.connections)]),
  }
}

/** What a row tells of, for people. */
export function nameOfUsage({ start, user, gone, group }: UsageRow): string {
  if (start !== undefined) return formatUtc(start)
  if (user !== undefined) return user ?? (gone ? '(gone)' : '(no login)')
  return group ?? '(no group)'
}

/** Lines of CSV, with a header. */
function csvOf(usage: readonly UsageRow[], by: By): string[] {
  const lines = usage.map((row) => csvLine([nameOfUsage(row), row.up, row.down, row.connections]))
  return [`${by},up,down,connections`, ...lines]
}
