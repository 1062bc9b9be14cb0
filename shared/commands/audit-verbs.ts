import { type Fields, textField, wordField } from '../filter/fields.ts'
import { formatTime } from '../format/time.ts'
import { limits } from '../protocol/limits.ts'
import type { AuditEntry, ManagementSession } from '../protocol/methods.ts'
import { lastEntries } from './context.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { readMoment } from './moments.ts'
import { readCount } from './usage.ts'
import { type Table, verb } from './verb.ts'

/** Entries told without `--last`, and the most that can be asked for. */
const usual = 100
const most = 100_000

/** What can be looked for in what operators did. */
export const auditFields: Fields<AuditEntry> = {
  by: textField(({ by }) => by ?? '-'),
  from: textField(({ from }) => from),
  node: textField(nodeOf),
  what: textField(whatOf),
  action: textField(({ action }) => action),
  outcome: wordField(({ outcome }) => [outcome]),
}

export const auditVerbs = {
  audit: verb({
    arguments: '[WORD...]',
    role: 'admin',
    flags: {
      since: { value: 'TIME', summary: 'from then on: how long ago, such as 2h or 30d, or a date, or 18:00' },
      until: { value: 'TIME', summary: 'before then' },
      by: { value: 'NAME', summary: 'by this operator' },
      action: { value: 'METHOD', summary: 'this one, or all that begin with it: users, users.set, login' },
      last: { value: 'N', summary: `the newest N of them, at most ${most}; default: ${usual}` },
    },
    summary: 'tell what operators changed, and who did not get in',
    words: filterWords,
    prepare: (words, flags) => {
      const { matches } = readFilter(auditFields, words)
      const moment = (flag: string) => {
        const text = flags.get(flag)
        return text === undefined ? {} : { [flag]: readMoment(text, 'TIME') }
      }
      const text = (flag: string) => (flags.has(flag) ? { [flag]: flags.get(flag) } : {})
      const wish = { ...moment('since'), ...moment('until'), ...text('by'), ...text('action') }
      const last = readCount(flags.get('last') ?? String(usual), 1, most)
      return async ({ call }) => {
        // Those that are looked for may be few among many.
        const pages = words.length > 0 && { limit: limits.page }
        const entries = await lastEntries(async (from) => {
          const page = await call('audit.list', { ...wish, ...from, ...pages })
          return { ...page, entries: page.entries.filter(matches) }
        }, last)
        const told = entries.slice(-last)
        return { data: told, view: tableOf(told) }
      }
    },
  }),
}

export const sessionVerbs = {
  sessions: verb({
    arguments: '',
    role: 'admin',
    summary: "list who is logged in to manage it; 'cut ID' ends one",
    prepare:
      () =>
      async ({ call }) => {
        const { sessions } = await call('sessions.list', {})
        return { data: sessions, view: sessionTable(sessions) }
      },
  }),
}

function tableOf(entries: readonly AuditEntry[]): Table {
  const isFleet = entries.some(({ node }) => node !== undefined)
  return {
    heading: ['TIME', ...(isFleet ? ['NODE'] : []), 'BY', 'FROM', 'WHAT', 'OUTCOME'],
    rows: entries.map((entry) => [
      formatTime(entry.time),
      ...(isFleet ? [nodeOf(entry)] : []),
      entry.by ?? '-',
      entry.from,
      whatOf(entry),
      entry.count > 1 ? `${entry.outcome} (${entry.count} times)` : entry.outcome,
    ]),
  }
}

/** Where it was done, as people see it. */
export function nodeOf({ node }: AuditEntry): string {
  return node ?? '-'
}

/** What somebody did, in one line: `users.set names=["bob"]: quota none → 1000`. */
export function whatOf({ action, given, before = {}, after = {} }: AuditEntry): string {
  const about = Object.entries(given).map(([name, value]) => `${name}=${textOf(value)}`)
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const changes = names.map((name) => `${name} ${textOf(before[name])} → ${textOf(after[name])}`)
  const what = [action, ...about].join(' ')
  return changes.length > 0 ? `${what}: ${changes.join(', ')}` : what
}

function textOf(value: unknown): string {
  if (value === undefined) return '-'
  return typeof value === 'string' && /^[^\s,"]+$/.test(value) ? value : JSON.stringify(value)
}

function sessionTable(sessions: readonly ManagementSession[]): Table {
  return {
    heading: ['ID', 'NAME', 'ROLE', 'FROM', 'SINCE', 'FOLLOWS'],
    right: [0],
    rows: sessions.map(({ id, name, role, via, address, since, follows, own }) => [
      String(id),
      own ? `${name} (this one)` : name,
      role,
      via === 'unix' ? via : `${via} ${address}`,
      formatTime(since),
      follows.join(',') || '-',
    ]),
  }
}
