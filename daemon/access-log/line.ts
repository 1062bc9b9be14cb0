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

type Kind = 'string' | 'number' | 'null' | 'undefined'

/** What each member of an entry may be, as a line tells it. */
const kinds: Readonly<Record<keyof AccessEntry, readonly Kind[]>> = {
  ts: ['string'],
  event: ['string'],
  id: ['string'],
  user: ['string', 'null'],
  tried: ['string', 'undefined'],
  source: ['string', 'null'],
  cmd: ['string', 'null'],
  protocol: ['string', 'undefined'],
  name: ['string', 'null'],
  address: ['string', 'null'],
  port: ['number', 'null'],
  up: ['number'],
  down: ['number'],
  duration: ['number'],
  connect_ms: ['number', 'null'],
  result: ['string'],
  reason: ['string', 'null'],
  rule: ['number', 'undefined'],
  paced_ms: ['number', 'undefined'],
  loop: ['number'],
}

/** The entry that a line of either form tells of; undefined if it tells of none, as one does that a full disk has cut off. */
export function entryOf(line: string): AccessEntry | undefined {
  const fields = fieldsIn(line)
  if (!fields || !isWhole(fields)) return undefined
  const ts = Date.parse(String(fields.ts))
  return Number.isNaN(ts) ? undefined : ({ ...fields, ts } as AccessEntry)
}

function isWhole(fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(kinds).every(([name, allowed]) => allowed.includes(kindOf(fields[name])))
}

function kindOf(value: unknown): Kind {
  return value === null ? 'null' : (typeof value as Kind)
}

function fieldsIn(line: string): Record<string, unknown> | undefined {
  try {
    return line.startsWith('{') ? JSON.parse(line) : textFields(line)
  } catch {
    return undefined
  }
}

const numbers = new Set(Object.entries(kinds).flatMap(([name, allowed]) => (allowed.includes('number') ? [name] : [])))

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
