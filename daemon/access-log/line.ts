import { safeJson } from '../../shared/format/safe-text.ts'
import type { AccessEntry } from '../../shared/protocol/methods.ts'
import type { Settings } from '../../shared/settings.ts'

/** An entry of which no more is told than that so many are missing. */
export interface Loss {
  /** Milliseconds since 1970. */
  readonly ts: number
  readonly event: 'dropped'
  readonly count: number
}

/** How an entry is written, with the end of its line. */
export const lineOf: Readonly<Record<Settings['access-log-format'], (entry: AccessEntry | Loss) => string>> = {
  json(entry) {
    // It comes first in all of them.
    const text = safeJson(entry)
    return `{"ts":"${new Date(entry.ts).toISOString()}"${text.slice(text.indexOf(','))}\n`
  },
  text(entry) {
    const { ts, event, ...rest } = entry
    const fields = Object.entries(rest).map(([name, value]) => `${name}=${wordOf(value)}`)
    return `${new Date(ts).toISOString()} ${event} ${fields.join(' ')}\n`
  },
}

/** The entry that a line of either form tells of; undefined if it tells of none. */
export function entryOf(line: string): AccessEntry | undefined {
  const fields = fieldsIn(line)
  if (typeof fields?.id !== 'string') return undefined
  const ts = Date.parse(String(fields.ts))
  return Number.isNaN(ts) ? undefined : ({ ...fields, ts } as AccessEntry)
}

function fieldsIn(line: string): Record<string, unknown> | undefined {
  try {
    return line.startsWith('{') ? JSON.parse(line) : textFields(line)
  } catch {
    return undefined
  }
}

const numbers = new Set(['port', 'up', 'down', 'duration', 'connect_ms', 'rule', 'paced_ms', 'loop'])

function textFields(line: string): Record<string, unknown> {
  const [ts, event] = line.split(' ', 2)
  const pairs = line.matchAll(/ (\w+)=("(?:[^"\\]|\\.)*"|[^\s"]+)/g)
  const fields = Array.from(pairs, ([, name = '', word = '']) => [name, meaningOf(name, word)])
  return { ts, event, ...Object.fromEntries(fields) }
}

function meaningOf(name: string, word: string): unknown {
  if (word === '-') return null
  return numbers.has(name) || word.startsWith('"') ? JSON.parse(word) : word
}

/** What is null is a dash; what could be taken for something else is quoted as in JSON. */
function wordOf(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'number') return String(value)
  return /^[!#-~]+$/.test(value) && value !== '-' ? value : safeJson(value)
}
