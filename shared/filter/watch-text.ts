import { formatDuration } from '../format/time.ts'
import { formatLimit } from '../limits.ts'
import { parseAmount } from './amounts.ts'
import { splitFilter } from './filter.ts'

/** What a watch looks out for, as people write it: `rate>10MB/s user:bob for 30s`. */
export type WatchTerms =
  /** Bytes a second both ways together, above this in each second of a time. Of a user, a source, or all. */
  | {
      readonly kind: 'rate'
      readonly above: number
      readonly user?: string
      readonly source?: string
      /** Milliseconds. */
      readonly span: number
    }
  /** Failed logins of one source, more than these within a time. */
  | { readonly kind: 'login-failures'; readonly above: number; readonly source?: string; readonly span: number }
  /** A user goes where they have not been before. */
  | { readonly kind: 'new-destination'; readonly user: string }
  /** A user comes near a limit, as the overview tells. */
  | { readonly kind: 'near-limit'; readonly user?: string }

/** Milliseconds that a condition must last, or in which it is counted, where nothing is said. */
const usualSpan = 30_000
const shortest = 1_000
const longest = 86_400_000
/** Failed logins of one address that a watch can wait for: each of their times is kept. */
const mostFailures = 10_000

/** What is wrong with a watch's text, in words for people. */
export class WatchError extends Error {}

/** How watches are written, for help. */
export const watchWords = [
  [
    'rate>10MB/s',
    'bytes a second, of all or of user:NAME or src:NETWORK, for as long as for TIME says; 30s unless told',
  ],
  ['login-failures>20', 'from one address within for TIME, or of those in src:NETWORK only; 10000 at most'],
  ['new-destination user:NAME', 'the user goes where they have not been since the watch was added'],
  ['near-limit', 'somebody, or user:NAME, has come near a limit'],
] as const

/** Throws a `WatchError`. */
export function parseWatch(text: string): WatchTerms {
  const words = splitFilter(text).map((word) => word.text)
  const [condition = '', ...rest] = words
  const at = rest.indexOf('for')
  const span = at < 0 ? usualSpan : spanOf(rest[at + 1] ?? '')
  const others = at < 0 ? rest : rest.toSpliced(at, 2)
  const user = wordBehind(others, 'user')
  const source = wordBehind(others, 'src')
  const known = others.filter((word) => !/^(user|src):./s.test(word))
  if (known.length > 0) throw new WatchError(`${known[0]}: a watch takes user:NAME, src:NETWORK and for TIME`)
  const [, name = '', amount = ''] = /^([a-z-]+)(?:>(.+))?$/.exec(condition) ?? []
  const whose = { ...(user !== undefined && { user }), ...(source !== undefined && { source }) }
  switch (name) {
    case 'rate':
      if (user !== undefined && source !== undefined)
        throw new WatchError('a rate is of a user or of a source, not of both')
      return { kind: 'rate', above: aboveOf(amount, 'bytes'), ...whose, span }
    case 'login-failures':
      if (user !== undefined) throw new WatchError('failed logins are counted by source: leave user: out')
      return { kind: 'login-failures', above: failuresOf(amount), ...whose, span }
    case 'new-destination':
      if (user === undefined || source !== undefined || at >= 0) throw new WatchError('write new-destination user:NAME')
      return { kind: 'new-destination', user }
    case 'near-limit':
      if (source !== undefined || at >= 0) throw new WatchError('write near-limit, or near-limit user:NAME')
      return { kind: 'near-limit', ...(user !== undefined && { user }) }
    default:
      throw new WatchError(`a watch begins with ${watchWords.map(([word]) => word.split(' ')[0]).join(', ')}`)
  }
}

/** The same, as it is told. */
export function watchText(terms: WatchTerms): string {
  const { user, source } = { user: undefined, source: undefined, ...terms }
  const whose = [user === undefined ? '' : `user:${quoted(user)}`, source === undefined ? '' : `src:${source}`]
  const span = 'span' in terms ? `for ${formatDuration(terms.span)}` : ''
  const condition =
    terms.kind === 'rate'
      ? `rate>${formatLimit('rate-down', terms.above)}`
      : terms.kind === 'login-failures'
        ? `login-failures>${terms.above}`
        : terms.kind
  return [condition, ...whose, span].filter(Boolean).join(' ')
}

function wordBehind(words: readonly string[], name: string): string | undefined {
  const found = words.filter((word) => word.startsWith(`${name}:`))
  if (found.length > 1) throw new WatchError(`${name}: is there twice`)
  return found[0]?.slice(name.length + 1)
}

function aboveOf(text: string, kind: 'bytes' | 'count'): number {
  const amount = parseAmount(text, kind)
  if (amount === null || amount < 1)
    throw new WatchError(`write ${kind === 'bytes' ? 'rate>10MB/s' : 'login-failures>20'}`)
  return amount
}

function failuresOf(text: string): number {
  const above = aboveOf(text, 'count')
  if (above > mostFailures) throw new WatchError(`login-failures takes ${mostFailures} at most`)
  return above
}

function spanOf(text: string): number {
  const span = parseAmount(text, 'time')
  if (span === null || span < shortest || span > longest) throw new WatchError('for takes 1s to 1d, such as for 30s')
  return span
}

function quoted(text: string): string {
  return /\s/.test(text) ? `"${text}"` : text
}
