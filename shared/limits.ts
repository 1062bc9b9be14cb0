import { parseSpan } from './span.ts'
/**
 * What users and groups may be limited in, as one table, like the settings: the management protocol, the words of commands,
 * what the store keeps and what the app shows derive from it. A field's name is its word in `users set NAME FIELD=VALUE`.
 */

/** How a field's value is written, and what it is in the management protocol. */
export type LimitType =
  /** Bytes a second: `10MB/s`, `64kB/s`, `80Mbit/s`. */
  | 'rate'
  /** Bytes: `50GB`, `500MiB`. */
  | 'bytes'
  | 'count'
  /** Networks with commas: `10.0.0.0/8,2001:db8::/32`. */
  | 'networks'
  | 'choice'
  /** A moment in milliseconds since 1970 (`2027-01-01`), or, as a text, how long from the start: `30d`. */
  | 'end'
  /** `cut`, or a rate to go on with. */
  | 'overrun'
  | 'text'
  /** A group's name. */
  | 'group'
  /** A name of the IANA time zone database. */
  | 'zone'
  /** Addresses of this machine or an interface, with commas. */
  | 'addresses'

export interface LimitField {
  readonly type: LimitType
  /** What stands for the value in the help. */
  readonly placeholder: string
  readonly choices?: readonly string[]
  /** Of a count, both included. */
  readonly min?: number
  readonly max?: number
  /** Nobody has it from a group. */
  readonly ownOnly?: true
  readonly summary: string
}

export const limitFields = {
  group: {
    type: 'group',
    placeholder: 'GROUP',
    ownOnly: true,
    summary: 'whose limits hold where the user has none of their own',
  },
  'rate-down': { type: 'rate', placeholder: 'RATE', summary: 'to their clients, all connections together' },
  'rate-up': { type: 'rate', placeholder: 'RATE', summary: 'from their clients, all connections together' },
  'max-connections': { type: 'count', placeholder: 'N', min: 0, max: 1_000_000, summary: 'connections at once' },
  'max-sources': {
    type: 'count',
    placeholder: 'N',
    min: 1,
    max: 65_536,
    summary:
      'addresses that they may come from at once (of IPv6, networks of 64 bits); one is free again 60 s after its last connection',
  },
  sources: { type: 'networks', placeholder: 'NET,…', summary: 'networks that they may come from' },
  quota: { type: 'bytes', placeholder: 'BYTES', summary: 'both ways together, in each cycle' },
  cycle: {
    type: 'choice',
    placeholder: 'CYCLE',
    choices: ['none', 'day', 'week', 'month'],
    summary: 'when the quota begins anew',
  },
  'cycle-day': {
    type: 'count',
    placeholder: 'N',
    min: 1,
    max: 31,
    summary: 'of a week from 1, Monday, to 7; of a month from 1 to 31, its last day where it is shorter',
  },
  'time-zone': {
    type: 'zone',
    placeholder: 'ZONE',
    summary: 'of days, weeks and months, such as Europe/Berlin; UTC if not said',
  },
  over: { type: 'overrun', placeholder: 'cut|RATE', summary: 'what becomes of who has used up the quota' },
  warn: {
    type: 'count',
    placeholder: 'PERCENT',
    min: 1,
    max: 100,
    summary: 'of the quota, from which on they are near it',
  },
  expires: {
    type: 'end',
    placeholder: 'TIME',
    summary:
      'when they may not come any more: a date, of UTC if it names no zone, or a span from the start such as 30d',
  },
  starts: {
    type: 'choice',
    placeholder: 'WHEN',
    choices: ['now', 'first-use'],
    summary: 'from when on a span of expires counts',
  },
  egress: {
    type: 'addresses',
    placeholder: 'ADDR,…|IFACE',
    summary: 'addresses of this machine that targets see',
  },
  'egress-mode': {
    type: 'choice',
    placeholder: 'MODE',
    choices: ['sticky', 'turns'],
    summary: 'which of several: the same for user and destination, or each in its turn',
  },
  note: { type: 'text', placeholder: 'TEXT', ownOnly: true, summary: 'for people' },
} as const satisfies Record<string, LimitField>

export type LimitName = keyof typeof limitFields
export const limitNames = Object.keys(limitFields) as readonly LimitName[]

export function isLimit(name: string): name is LimitName {
  return Object.hasOwn(limitFields, name)
}

/** Whether a group may have it: all but the group itself. */
export function isOfGroups(name: LimitName): boolean {
  return name !== 'group'
}

/** The group of everybody who has no other. */
export const defaultGroup = 'default'

/** Characters of a text, and items of a list, at most. */
const longestText = 200
const longestList = 32

/** `null`: no limit, whatever the group says. */
export type LimitValue = number | string | readonly string[] | null

/** Fields that are not there are the group's, and those that it has not, the group `default`'s. */
export type Limits = { readonly [Name in LimitName]?: LimitValue }

/** What a program gives for a field: as people write it, or what that means. */
export function readLimit(name: LimitName, given: LimitValue): LimitValue | undefined {
  if (given === null) return given
  if (typeof given === 'number' && limitFields[name].type === 'end') return momentOf(name, given, given)
  return parseLimit(name, typeof given === 'object' ? given.join(',') : String(given))
}

/**
 * What a text means for a field: `none` for no limit; undefined, for the group's, if it is empty. Throws a RangeError with a
 * sentence for people.
 */
export function parseLimit(name: LimitName, text: string): LimitValue | undefined {
  const field: LimitField = limitFields[name]
  const written = text.trim()
  if (written === '') return undefined
  if (written === 'none' && field.type !== 'choice') return null
  switch (field.type) {
    case 'rate':
      return parseRate(name, written)
    case 'bytes':
      return parseBytes(name, written)
    case 'count':
      return parseCount(name, written, field)
    case 'choice':
      if (field.choices?.includes(written)) return written
      throw new RangeError(`${name} is one of ${field.choices?.join(', ')}, not ${JSON.stringify(text)}`)
    case 'end':
      return parseEnd(name, written)
    case 'overrun':
      return written === 'cut' ? written : parseRate(name, written)
    case 'networks':
    case 'addresses':
      return parseList(name, written)
    case 'zone':
      return parseZone(name, written)
    case 'group':
      if (/^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u.test(written)) return written
      throw new RangeError(`${name} is letters, digits and ._@-, at most 64, not ${JSON.stringify(text)}`)
    case 'text':
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
      if (written.length <= longestText && !/[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u.test(written)) return written
      throw new RangeError(`${name} is a text of at most ${longestText} characters, without control characters`)
  }
}

/** What a rate, or a number of bytes, is hardly ever below on purpose. */
const tiny = 64_000

/**
 * What to say of a rate or bytes that were written as a number alone, where more was meant: that those are bytes. Undefined
 * where nothing is to be said.
 */
export function unitHint(type: LimitType, text: string): string | undefined {
  const written = text.trim()
  if (!/^\d+(?:\.\d+)?$/.test(written) || Number(written) === 0 || Number(written) >= tiny) return undefined
  if (type === 'rate' || type === 'overrun') return `a number alone is bytes a second: ${written}MB/s is megabytes`
  return type === 'bytes' ? `a number alone is bytes: ${written}GB is gigabytes` : undefined
}

/** As `parseLimit` reads it, and as short as it is exact. */
export function formatLimit(name: LimitName, value: LimitValue): string {
  if (value === null) return 'none'
  if (typeof value === 'string') return value
  if (typeof value !== 'number') return value.join(',')
  switch (limitFields[name].type) {
    case 'rate':
    case 'overrun':
      return `${decimal(value)}/s`
    case 'bytes':
      return decimal(value)
    case 'end':
      // A daemon that lies has moments that are none.
      if (Math.abs(value) > lastMoment) return String(value)
      return new Date(value).toISOString().replace(/T00:00:00\.000Z$|\.\d+(?=Z$)/, '')
    default:
      return String(value)
  }
}

/** SI and IEC prefixes, in lower case. A small b is refused: it may mean bits as well as bytes. */
const prefixes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
}

/** The largest number of bytes, or of bytes a second, that is counted exactly. */
const most = 2 ** 50

/** Milliseconds since 1970 that a Date can hold at most. */
const lastMoment = 8.64e15

function parseRate(name: LimitName, text: string): number {
  const [, amount = '', prefix = '', unit = 'B'] = /^(\d+(?:\.\d+)?) ?([kKMGT]i?)?(B|bit)?(?:\/s)?$/.exec(text) ?? []
  const rate = Math.round((Number(amount) * (prefixes[prefix.toLowerCase()] ?? 0)) / (unit === 'bit' ? 8 : 1))
  if (amount === '' || rate < 1 || rate > most) {
    throw new RangeError(
      `${name} is bytes or bits a second, such as 10MB/s, 64kB/s or 80Mbit/s, not ${JSON.stringify(text)}`,
    )
  }
  return rate
}

function parseBytes(name: LimitName, text: string): number {
  const [, amount = '', prefix = ''] = /^(\d+(?:\.\d+)?) ?([kKMGT]i?)?B?$/.exec(text) ?? []
  const bytes = Math.round(Number(amount) * (prefixes[prefix.toLowerCase()] ?? 0))
  if (amount === '' || bytes > most)
    throw new RangeError(`${name} is bytes, such as 50GB or 500MiB, not ${JSON.stringify(text)}`)
  return bytes
}

function parseCount(name: LimitName, text: string, { min = 0, max = most }: LimitField): number {
  const count = Number(text)
  if (/^\d{1,15}$/.test(text) && count >= min && count <= max) return count
  throw new RangeError(`${name} is a number from ${min} to ${max}, not ${JSON.stringify(text)}`)
}

function parseList(name: LimitName, text: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  if (items.length <= longestList && items.every((item) => item !== '' && item.length <= longestText)) return items
  throw new RangeError(`${name} takes at most ${longestList} values, with commas between them`)
}

function parseZone(name: LimitName, text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
  } catch {
    throw new RangeError(`${name} is a time zone such as Europe/Berlin, not ${JSON.stringify(text)}`)
  }
}

function parseEnd(name: LimitName, text: string): number | string {
  if (parseSpan(text) !== undefined) return text
  const [, day, zone] = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  // What is read as a later day, such as the 30th of February, is a slip of the finger.
  const isDay = day !== undefined && new Date(Date.parse(day) || 0).toISOString().startsWith(day)
  return momentOf(name, isDay ? Date.parse(text === day || zone ? text : `${text}Z`) : Number.NaN, text)
}

/** Throws a RangeError if it is none that a Date can hold, or lies before 1970. */
function momentOf(name: LimitName, time: number, written: string | number): number {
  if (Number.isInteger(time) && time >= 0 && time <= lastMoment) return time
  throw new RangeError(
    `${name} is a time such as 2027-01-01 or 2027-01-01T12:00Z, or a span such as 30d, not ${JSON.stringify(written)}`,
  )
}

/** When a span from a moment on is over: a whole millisecond, however the span is written, and not beyond the last one that a Date can hold. */
export function endOfSpan(begins: number, span: number): number {
  return Math.min(lastMoment, begins + Math.round(span))
}

/** The largest unit, decimal or binary, in which the number is whole. */
function decimal(bytes: number): string {
  if (bytes === 0) return '0B'
  // The fewest digits, and of as many those of powers of 1000: 128000 is 128kB, not 125KiB.
  const digits = (size: number) => String(bytes / size).length
  const units = Object.entries(prefixes)
    .filter(([, size]) => bytes % size === 0)
    .sort(([p, a], [q, b]) => digits(a) - digits(b) || p.length - q.length)
  const [prefix, size] = units[0] ?? ['', 1]
  const written = { k: 'k', ki: 'Ki' }[prefix] ?? prefix.replace(/^./, (letter) => letter.toUpperCase())
  return `${bytes / size}${written}B`
}
