import { matchGlob } from '../glob.ts'
import { hostOf, looksLikeRange, parseRange } from './addresses.ts'

/** What is wrong with a filter, in words; it names the filter's word. */
export class FilterError extends Error {}

type Search = (value: string) => boolean

/** `text` is somewhere in the value, `~pattern` matches it, or `te*t` is all of it; regardless of case. */
export function matchText(text: string, word: string): Search {
  return matchPattern(text, word) ?? matchPart(text)
}

/** The value is `text` to the letter, or as above; while it is `typed`, `text` may be the beginning of it. */
export function matchExactly(text: string, word: string, typed: boolean): Search {
  return matchPattern(text, word) ?? ((value) => (typed ? value.startsWith(text) : value === text))
}

/** A part of `host:port`, a range that holds its address, or as above; then the host alone counts as all of it, too. */
export function matchPlace(text: string, word: string): Search {
  if (looksLikeRange(text)) return matchRange(text, word)
  const found = matchText(text, word)
  return text.includes('*') && !text.startsWith('~') ? (value) => found(value) || found(hostOf(value)) : found
}

/** `text` is somewhere in the value, regardless of case. */
export function matchPart(text: string): Search {
  const wanted = text.toLowerCase()
  return (value) => value.toLowerCase().includes(wanted)
}

function matchPattern(text: string, word: string): Search | null {
  if (!text.startsWith('~')) return text.includes('*') ? matchAll(text) : null
  try {
    const pattern = new RegExp(text.slice(1), 'iu')
    return (value) => pattern.test(value)
  } catch {
    throw new FilterError(`${word}: not a regular expression`)
  }
}

/** Regardless of case. */
function matchAll(glob: string): Search {
  const matches = matchGlob(glob.toLowerCase())
  return (value) => matches(value.toLowerCase())
}

/** While the length is still to be typed, nothing is hidden. */
function matchRange(text: string, word: string): Search {
  if (text.endsWith('/')) return () => true
  const holds = parseRange(text)
  if (!holds) throw new FilterError(`${word}: not a range of addresses such as 10.0.0.0/8`)
  return (value) => holds(hostOf(value))
}
